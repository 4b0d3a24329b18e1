import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

/** IPv4 addresses of a name, from the name server alone (the system's lookup may take 10 s). Rejects with its error. */
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
