import type { Stock } from '#catalog'
import {
  type ComposeService,
  confine,
  type HealthCheck,
  labelsOf,
  logging,
  MONGO_PASSWORD,
  readOnlyFile,
  type Stores,
  secretName,
} from './compose-model.ts'

/** The user that the stock image has for mongod. */
const USER = '999:999'
const DATABASE = 'lucid'
const REPLICA_SET = 'rs0'
/** Memory of the shell that sets the database up, MiB. It runs for seconds, but it counts. */
const INIT_MEMORY = 256

const script = (name: string) => readOnlyFile(`./mongo/${name}`, `/opt/lucid/${name}`)

/** Files and connections that mongod may have open: what its manual asks for ("UNIX ulimit Settings"). */
const FILES = 64000

const imageOf = ({ image }: Stock) => `$\{LUCID_MONGO_IMAGE:-${image}}`

/**
 * Cache of WiredTiger, GB: a third of the container's memory, at least what it takes (0.25). The rest is for
 * connections, sorts and the system's file cache. mongod itself would count the machine's memory.
 */
export const cacheGB = (memoryMiB: number): number => Math.max(0.25, Math.floor(memoryMiB / 3 / 10.24) / 100)

/** Hosts of the members: 1 is lucid_mongo, the others have their number. */
const mongoHost = (member: number) => (member === 1 ? 'lucid_mongo' : `lucid_mongo_${member}`)
export const nameOf = (member: number) => (member === 1 ? 'mongo' : `mongo-${member}`)
export const formatMembers = (count: number) =>
  Array.from({ length: count }, (_, at) => `${mongoHost(at + 1)}:27017`).join(',')

/** Well is a primary; with `member`, a secondary too. */
export const mongoHealth = (...role: readonly 'member'[]): HealthCheck => ({
  test: ['CMD', '/bin/bash', '/opt/lucid/health.sh', ...role],
  interval: '10s',
  timeout: '3s',
  retries: 3,
  start_period: '60s',
})

/** One mongod of the replica set, without a port on the host and without a health check. */
export const mongoNode = (member: number, entry: Stock, volumes: Readonly<Record<string, string>>): ComposeService => ({
  image: imageOf(entry),
  container_name: mongoHost(member),
  ...confine(entry, { user: USER, pids: 512 }),
  tmpfs: [
    '/tmp:rw,noexec,nosuid,size=16m',
    '/run/mongo:rw,noexec,nosuid,size=1m,mode=0700,uid=999,gid=999',
    '/data/configdb:rw,noexec,nosuid,size=1m',
  ],
  // An engine cannot give a container more than it may have itself.
  ulimits: { nofile: `$\{LUCID_MONGO_FILES:-${FILES}}` },
  restart: 'unless-stopped',
  stop_grace_period: '60s',
  entrypoint: ['/bin/bash', '/opt/lucid/start.sh'],
  command: [
    'mongod',
    '--replSet',
    REPLICA_SET,
    '--keyFile',
    '/run/mongo/KEYFILE',
    '--bind_ip_all',
    '--nounixsocket',
    '--wiredTigerCacheSizeGB',
    `${cacheGB(entry.memoryMiB)}`,
  ],
  secrets: [{ source: secretName('mongo', 'KEYFILE'), target: 'KEYFILE' }],
  volumes: [
    ...Object.entries(volumes).map(([volume, path]) => `${volume}:${path}`),
    script('start.sh'),
    script('health.sh'),
  ],
  networks: entry.networks,
  logging,
  labels: labelsOf(nameOf(member), entry.stack, entry.plane),
})

const initOf = (entry: Stock, users: readonly string[]): ComposeService => ({
  image: imageOf(entry),
  container_name: 'lucid_mongo_init',
  ...confine({ memoryMiB: INIT_MEMORY, cpus: entry.cpus }),
  restart: 'on-failure:5',
  stop_grace_period: '10s',
  entrypoint: ['mongosh'],
  command: ['--nodb', '--norc', '--quiet', '/opt/lucid/init.js'],
  environment: { HOME: '/tmp', MONGO_MEMBERS: formatMembers(1) },
  secrets: [
    { source: secretName('mongo', 'ROOT_PASSWORD'), target: 'ROOT_PASSWORD' },
    ...users.map((user) => ({ source: secretName(user, MONGO_PASSWORD), target: secretName(user, MONGO_PASSWORD) })),
  ],
  volumes: [script('init.js'), script('users.json')],
  network_mode: 'service:mongo',
  depends_on: { mongo: { condition: 'service_started' } },
  logging,
  labels: labelsOf('mongo-init', entry.stack, entry.plane),
})

/** The database and the one-shot that sets it up, with the secrets they need as [owner, key]. */
export const mongoServices = (
  entry: Stock,
  users: readonly string[],
): {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly secrets: readonly (readonly [string, string])[]
} => ({
  services: {
    mongo: {
      ...mongoNode(1, entry, entry.volumes),
      ports: [`127.0.0.1:${entry.hostPort}:${entry.port}`],
      healthcheck: mongoHealth(),
    },
    'mongo-init': initOf(entry, users),
  },
  secrets: [['mongo', 'KEYFILE'], ['mongo', 'ROOT_PASSWORD'], ...users.map((user) => [user, MONGO_PASSWORD] as const)],
})

/** Who may touch what in the database: a user for each service, with its own collections and their version. */
export const mongoUsers = (stores: Stores) => ({
  database: DATABASE,
  replicaSet: REPLICA_SET,
  users: Object.entries(stores).map(([user, collections]) => ({
    user,
    collections: collections.map((name) => `${user}.${name}`),
  })),
})

export const mongoUsersText = (stores: Stores): string => `${JSON.stringify(mongoUsers(stores), null, 2)}\n`
