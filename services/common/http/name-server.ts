import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

/**
 * IPv4 addresses of a name, asked of the name server alone and within `timeoutMs`. The system's own lookup takes
 * ten seconds for a name that nobody knows where no upstream answers, and holds up all others meanwhile.
 * Rejects with the resolver's error (`code` ENOTFOUND, ETIMEOUT, ESERVFAIL, ...).
 */
export const addressesOf = async (
  host: string,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<readonly string[]> => {
  if (isIP(host) !== 0) return [host]
  if (host === 'localhost') return ['127.0.0.1']
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEOUT' })),
    timeoutMs,
  )
  try {
    return await Promise.race([new Resolver({ timeout: timeoutMs, tries: 1 }).resolve4(host), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A plain http URL with an address in the place of its name. A certificate is for the name, so https keeps it. */
export const withAddress = (url: string, address: string): string => {
  const at = new URL(url)
  if (at.protocol === 'http:') at.hostname = isIP(address) === 6 ? `[${address}]` : address
  return at.href
}
