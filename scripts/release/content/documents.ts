import { stock } from '#catalog'
import type { Between } from '../run/host.ts'
import { crossings } from '../run/steps.ts'
import { membersOf, type Release } from './release.ts'

/** The key by which a service finds its documents in a database; without it they are in its own volume. */
const DATABASE = 'MONGO_URL'

const environmentOf = (release: Release, service: string): Readonly<Record<string, string>> =>
  release.stacks.find(({ env }) => env[service] !== undefined)?.env[service] ?? {}

/** The volumes that hold the documents which change shape between two releases. */
export const documentVolumes = ({ from, to }: Between): readonly string[] => {
  const services = crossings(from, to)
  const inDatabase = services.some((service) => environmentOf(to, service)[DATABASE] !== undefined)
  const own = membersOf(to)
    .filter(({ service }) => services.includes(service) && environmentOf(to, service)[DATABASE] === undefined)
    .flatMap(({ volumes }) => volumes)
  return [...new Set([...own, ...(inDatabase ? Object.keys(stock.mongo.volumes) : [])])]
}
