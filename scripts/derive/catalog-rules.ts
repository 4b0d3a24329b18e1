import type { Entry, Stock, Tool } from '#catalog'
import { keyHolder, MEMORY_BUDGET, networks, volumes, wayOut } from './network.ts'

type Services = Readonly<Record<string, Entry>>

const entries = (services: Services) => Object.entries(services)
const meets = (a: Entry, b: Entry) => a.networks.some((network) => b.networks.includes(network))

/** What services of ours and of others have in common. */
type Member = Pick<Entry, 'stack' | 'memoryMiB' | 'cpus'> & Partial<Pick<Entry, 'port' | 'hostPort' | 'volumes'>>

/** Groups of members that share a key which only one may have. */
const shared = <M>(
  members: readonly (readonly [name: string, entry: M])[],
  label: (entry: M, name: string) => string | undefined,
): readonly string[] =>
  [...Map.groupBy(members, ([name, entry]) => label(entry, name))]
    .filter(([key, group]) => key !== undefined && group.length > 1)
    .map(([key, group]) => `${key}: ${group.map(([name]) => name).join(', ')}`)

/** The first circle of needs reached from each service, written out. */
const circles = (services: Services): readonly string[] => {
  const done = new Set<string>()
  const walk = (name: string, path: readonly string[]): readonly string[] => {
    const from = path.indexOf(name)
    if (from >= 0) return [`needs go in a circle: ${[...path.slice(from), name].join(' -> ')}`]
    if (done.has(name)) return []
    const found = (services[name]?.needs ?? []).flatMap((need) => walk(need, [...path, name]))
    done.add(name)
    return found
  }
  return Object.keys(services).flatMap((name) => walk(name, []))
}

const partnersOf = ({ needs, reads = [] }: Entry): readonly string[] => [...needs, ...reads]

/** Networks on which a service meets nobody it calls or is called by, though it meets them on another. */
const idleNetworks = (services: Services, name: string, entry: Entry): readonly string[] => {
  if (entry.networks.length < 2) return []
  const partners = entries(services).filter(
    ([other, its]) => partnersOf(entry).includes(other) || partnersOf(its).includes(name),
  )
  return (
    entry.networks
      .filter((network) => !(name === wayOut.service && network === wayOut.network))
      // There it meets the database.
      .filter((network) => !(entry.store && network === 'lucid_store_net'))
      .filter((network) => !partners.some(([, { networks }]) => networks.includes(network)))
  )
}

/** A service meets the database exactly when it keeps documents there; the holder of keys has no way out. */
const misplaced = (name: string, entry: Entry, databases: readonly Stock[]): readonly string[] => [
  ...databases
    .filter((one) => one.networks.some((network) => entry.networks.includes(network)) !== entry.store)
    .map(() => `${name}: ${entry.store ? 'is on no network of the database' : 'meets the database, and has no store'}`),
  ...entry.networks
    .filter((network) => name === keyHolder && !networks[network].unrouted && !networks[network].internal)
    .map((network) => `${name}: holds keys, and ${network} has a way out`),
]

const ofMember = (name: string, entry: Member): readonly string[] => [
  ...(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) ? [] : [`${name}: name`]),
  ...(entry.memoryMiB > 0 && entry.cpus > 0 ? [] : [`${name}: memory or cpus`]),
  ...Object.keys(entry.volumes ?? {})
    .filter((volume) => !volumes.includes(volume))
    .map((volume) => `${name}: no volume ${volume}`),
]

const ofService = (services: Services, name: string, entry: Entry): readonly string[] => [
  ...entry.needs.flatMap((need) => {
    const other = services[need]
    if (other === undefined) return [`${name}: needs ${need}, which is not listed`]
    return meets(entry, other) ? [] : [`${name}: shares no network with ${need}`]
  }),
  ...(entry.reads ?? []).flatMap((read) => {
    const other = services[read]
    if (other === undefined) return [`${name}: reads ${read}, which is not listed`]
    return meets(entry, other) ? [] : [`${name}: shares no network with ${read}, which it reads`]
  }),
  ...entry.tolerates
    .filter((need) => !entry.needs.includes(need))
    .map((need) => `${name}: tolerates ${need}, which it does not need`),
  ...idleNetworks(services, name, entry).map(
    (network) => `${name}: is on ${network} without anyone there to call or be called by`,
  ),
]

/** Services that share a network with `reader` and that it does not read; a document server reads them all. */
export const unread = (services: Services, reader: string): readonly string[] => {
  const own = services[reader]
  if (own === undefined) return []
  return entries(services)
    .filter(([name, entry]) => name !== reader && meets(own, entry) && !own.reads?.includes(name))
    .map(([name]) => name)
}

/**
 * Everything that is wrong with a catalogue, the stock containers and the tools beside it, one sentence each; empty is
 * good (SPEC section 2).
 */
export const catalogBreaches = (
  services: Services,
  stock: Readonly<Record<string, Stock>> = {},
  tools: Readonly<Record<string, Tool>> = {},
): readonly string[] => {
  const members: readonly (readonly [string, Member])[] = [
    ...entries(services),
    ...Object.entries(stock),
    ...Object.entries(tools),
  ]
  // A further port counts as one more member, so that no number is taken twice.
  const withFurther = [
    ...members,
    ...entries(services).flatMap(([name, entry]) =>
      Object.entries(entry.ports ?? {}).map(
        ([what, port]) => [`${name} (${what})`, { ...entry, port, hostPort: port }] as const,
      ),
    ),
  ]
  const memory = members.reduce((sum, [, { memoryMiB }]) => sum + memoryMiB * 2 ** 20, 0)
  return [
    ...members.flatMap(([name, entry]) => ofMember(name, entry)),
    ...entries(services).flatMap(([name, entry]) => ofService(services, name, entry)),
    ...shared(members, (_, name) => `name ${name}`),
    ...shared(withFurther, ({ hostPort }) => (hostPort === undefined ? undefined : `host port ${hostPort}`)),
    ...shared(withFurther, ({ stack, port }) => (port === undefined ? undefined : `port ${port} in ${stack}`)),
    ...shared(
      entries(services).filter(([, entry]) => entry.public !== undefined),
      // Without a prefix, what stands first in its paths: none of them may be shown for another.
      ({ public: { prefix = '', open = [], guarded = [] } = {} }) =>
        `public prefix ${prefix || `/${[...open, ...guarded][0]?.split('/')[1]}`}`,
    ),
    ...circles(services),
    ...entries(services).flatMap(([name, entry]) => misplaced(name, entry, Object.values(stock))),
    ...Object.entries(stock)
      .filter(([, { image }]) => !/@sha256:[0-9a-f]{64}$/.test(image))
      .map(([name]) => `${name}: image without a digest`),
    ...(memory <= MEMORY_BUDGET ? [] : [`memory limits sum to ${memory} bytes`]),
  ]
}
