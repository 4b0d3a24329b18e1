import { stock } from '#catalog'
import { listMembers, type Release } from './release.ts'

/** The release that a host has, and the one that it gets. */
export type ReleasePair = { readonly from: Release; readonly to: Release }

/** Services whose documents change shape between two releases. */
export const findMigrations = (from: Release | undefined, to: Release): readonly string[] =>
  from === undefined
    ? []
    : Object.entries(to.migrations)
        .filter(([service, { version }]) => {
          const before = from.migrations[service]
          return before !== undefined && before.version !== version
        })
        .map(([service]) => service)

/** The versions between two releases that nothing can undo, `service vN`; empty when a rollback may cross. */
export const findIrreversible = (newer: Release, older: Release): readonly string[] =>
  Object.entries(newer.migrations).flatMap(([service, { irreversible: versions }]) => {
    const before = older.migrations[service]?.version ?? 0
    return versions.filter((version) => version > before).map((version) => `${service} v${version}`)
  })

/** The key by which a service finds its documents in a database; without it they are in its own volume. */
const DATABASE = 'MONGO_URL'

const environmentOf = (release: Release, service: string): Readonly<Record<string, string>> =>
  release.stacks.find(({ env }) => env[service] !== undefined)?.env[service] ?? {}

/** The volumes that hold the documents which change shape between two releases. */
export const documentVolumes = ({ from, to }: ReleasePair): readonly string[] => {
  const services = findMigrations(from, to)
  const inDatabase = services.some((service) => environmentOf(to, service)[DATABASE] !== undefined)
  const own = listMembers(to)
    .filter(({ service }) => services.includes(service) && environmentOf(to, service)[DATABASE] === undefined)
    .flatMap(({ volumes }) => volumes)
  return [...new Set([...own, ...(inDatabase ? Object.keys(stock.mongo.volumes) : [])])]
}
