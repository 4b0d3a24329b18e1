import { defaults, type Stock, stock } from '#catalog'
import type { ComposeService } from './compose-model.ts'
import { formatMembers, mongoHealth, mongoNode, nameOf } from './mongo.ts'

const COUNT = 3
const others = [2, 3] as const

/** What an override says of a service that another file has. */
type Part = Partial<ComposeService>

const volumeOf = (member: number) => `lucid_core_mongo_data_${member}`

const node = (entry: Stock, member: number): ComposeService => ({
  ...mongoNode(member, entry, { [volumeOf(member)]: '/data/db' }),
  healthcheck: mongoHealth('member'),
})

/** LUCID_MONGO_URL of services when the replica set has three members. */
export const REPLICA_SET_URL = defaults.LUCID_MONGO_URL.replace(formatMembers(1), formatMembers(COUNT))

/**
 * Laid over the core file: two more members, and a set-up that adds them. Any of the three may then be the
 * primary, so the first is well as a secondary too.
 */
export const mongoReplicaSet = (entry: Stock = stock.mongo) => {
  const services: Readonly<Record<string, Part>> = {
    mongo: { healthcheck: mongoHealth('member') },
    ...Object.fromEntries(others.map((member) => [nameOf(member), node(entry, member)])),
    'mongo-init': {
      environment: { MONGO_MEMBERS: formatMembers(COUNT) },
      depends_on: Object.fromEntries(
        others.map((member) => [nameOf(member), { condition: 'service_started' as const }]),
      ),
    },
  }
  return {
    name: 'lucid-core',
    services,
    volumes: Object.fromEntries(others.map((member) => [volumeOf(member), { name: volumeOf(member) }])),
  }
}

/** The override as text. */
export const mongoReplicaSetText = (): string =>
  [
    '# Three members instead of one: give it to Compose after docker-compose.core.yaml, and to every stack',
    `# LUCID_MONGO_URL=${REPLICA_SET_URL}`,
    '# Written by `bun run derive`. Do not edit. On one machine it outlives the loss of a process, not of a disk:',
    '# for that each member belongs on a machine of its own (compose/mongo/SHARDING.md).',
    '',
    Bun.YAML.stringify(JSON.parse(JSON.stringify(mongoReplicaSet())), null, 2),
    '',
  ].join('\n')
