const isAddress = (host: string): boolean => /^[0-9.]+$|^\[/.test(host)

/** The nameservers of a resolv.conf(5), as NGINX wants them. */
const parseNameservers = (resolvConf: string): readonly string[] =>
  resolvConf
    .split('\n')
    .flatMap((line) => /^nameserver\s+([0-9A-Fa-f.:]+)\s*$/.exec(line)?.[1] ?? [])
    .map((address) => (address.includes(':') ? `[${address}]` : address))

/**
 * Who is asked for the names of services: nobody when all are known by address. Throws when there is a name
 * and nobody to ask.
 */
export const chooseResolvers = (origins: readonly string[], resolvConf: string): readonly string[] => {
  const named = origins.find((origin) => !isAddress(new URL(origin).hostname))
  if (named === undefined) return []
  const servers = parseNameservers(resolvConf)
  if (servers.length === 0) throw new Error(`/etc/resolv.conf names no nameserver, and ${named} needs one`)
  return servers
}
