import type { Entry } from '#catalog'
import { MEMORY_BUDGET, volumes } from './network.ts'

type Services = Readonly<Record<string, Entry>>

const entries = (services: Services) => Object.entries(services)
const meets = (a: Entry, b: Entry) => a.networks.some((network) => b.networks.includes(network))

/** Groups of services that share a key which only one may have. */
const shared = (services: Services, label: (entry: Entry) => string): readonly string[] =>
  [...Map.groupBy(entries(services), ([, entry]) => label(entry))]
    .filter(([, members]) => members.length > 1)
    .map(([key, members]) => `${key}: ${members.map(([name]) => name).join(', ')}`)

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

/** Networks on which a service meets nobody it calls or is called by, though it meets them on another. */
const idleNetworks = (services: Services, name: string, entry: Entry): readonly string[] => {
  if (entry.networks.length < 2) return []
  const partners = entries(services).filter(
    ([other, { needs }]) => entry.needs.includes(other) || needs.includes(name),
  )
  return entry.networks.filter((network) => !partners.some(([, { networks }]) => networks.includes(network)))
}

const ofService = (services: Services, name: string, entry: Entry): readonly string[] => [
  ...(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) ? [] : [`${name}: name`]),
  ...(entry.memoryMiB > 0 && entry.cpus > 0 ? [] : [`${name}: memory or cpus`]),
  ...entry.needs.flatMap((need) => {
    const other = services[need]
    if (other === undefined) return [`${name}: needs ${need}, which is not listed`]
    return meets(entry, other) ? [] : [`${name}: shares no network with ${need}`]
  }),
  ...entry.tolerates
    .filter((need) => !entry.needs.includes(need))
    .map((need) => `${name}: tolerates ${need}, which it does not need`),
  ...Object.keys(entry.volumes)
    .filter((volume) => !volumes.includes(volume))
    .map((volume) => `${name}: no volume ${volume}`),
  ...idleNetworks(services, name, entry).map(
    (network) => `${name}: is on ${network} without anyone there to call or be called by`,
  ),
]

/** Everything that is wrong with a catalogue, one sentence each; empty is good (SPEC section 2). */
export const catalogBreaches = (services: Services): readonly string[] => {
  const memory = entries(services).reduce((sum, [, { memoryMiB }]) => sum + memoryMiB * 2 ** 20, 0)
  return [
    ...entries(services).flatMap(([name, entry]) => ofService(services, name, entry)),
    ...shared(services, ({ hostPort }) => `host port ${hostPort}`),
    ...shared(services, ({ stack, port }) => `port ${port} in ${stack}`),
    ...circles(services),
    ...(memory <= MEMORY_BUDGET ? [] : [`memory limits sum to ${memory} bytes`]),
  ]
}
