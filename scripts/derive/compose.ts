import { type Entry, type Stack, type Stock, stock } from '#catalog'
import {
  type ComposeFile,
  type ComposeService,
  confine,
  IMAGE,
  labelsOf,
  logging,
  MONGO_PASSWORD,
  readOnlyFile,
  type Stores,
  secretName,
  variable,
} from './compose-model.ts'
import { mongoServices } from './mongo.ts'
import { networkStack, networks, UNROUTED } from './network.ts'
import { toolServices } from './tools.ts'

/** The catalogue, or a part of it. */
export type Services = Readonly<Record<string, Entry>>
/** Service to the environment keys that hold its secrets. */
export type SecretKeys = Readonly<Record<string, readonly string[]>>

/**
 * The health check inside a container: exec form, by the one binary that is there. The image puts a bundle
 * at this path that asks 127.0.0.1:$PORT/health and exits 0 only on a 200.
 */
export const HEALTH_COMMAND = ['CMD', '/usr/local/bin/bun', '/app/health.js'] as const

/** Where the state folder lies on the host: secrets/<service>/<KEY> and identities.json, as `bun run up` lays it out. */
const HOME = variable('LUCID_MOUNT_PATH')
/** The database of the core stack, or another that the operator names. User and password are the service's own. */
const MONGO_URL = variable('LUCID_MONGO_URL')

/**
 * Options of resolv.conf(5). The engine answers names of containers at once; one that is not there it passes on, and where
 * nobody answers (a Pi behind Tor) the usual ten seconds of waiting would hold up every other name of the process.
 */
const NAME_SERVER = ['timeout:1', 'attempts:1', 'ndots:0'] as const

/** Where a container finds a file of the host that it reads. */
const hostFile = (key: string): string => `/run/lucid/${key}`

/** Needs that compose may wait for: in the same file, fatal when absent, and started without a profile. */
const waitsFor = (entry: Entry, services: Services): readonly string[] =>
  entry.needs.filter((need) => {
    const other = services[need]
    return other?.stack === entry.stack && !entry.tolerates.includes(need) && other.profile === undefined
  })

const serviceOf = (name: string, services: Services, entry: Entry, secrets: readonly string[]): ComposeService => {
  const dependencies = waitsFor(entry, services)
  const hostFiles = Object.entries(entry.hostFiles ?? {})
  return {
    image: `${IMAGE}:${name}`,
    container_name: name,
    ...(entry.profile !== undefined && { profiles: [entry.profile] }),
    ...confine(entry),
    restart: 'unless-stopped',
    stop_grace_period: '30s',
    env_file: [`../env/.env.${entry.stack}`],
    environment: {
      LUCID_PLANE: entry.plane,
      ...(secrets.includes(MONGO_PASSWORD) && { MONGO_URL, MONGO_USER: name }),
      ...Object.fromEntries(secrets.map((key) => [`${key}_FILE`, `/run/secrets/${key}`])),
      ...Object.fromEntries(hostFiles.map(([key]) => [`${key}_FILE`, hostFile(key)])),
    },
    ...(secrets.length > 0 && { secrets: secrets.map((key) => ({ source: secretName(name, key), target: key })) }),
    volumes: [
      ...Object.entries(entry.volumes).map(([volume, path]) => `${volume}:${path}`),
      readOnlyFile(`${HOME}/identities.json`, '/run/lucid/identities.json'),
      ...hostFiles.map(([key, path]) => readOnlyFile(path, hostFile(key))),
    ],
    networks: entry.networks,
    dns_opt: NAME_SERVER,
    ports: [
      `127.0.0.1:${entry.hostPort}:${entry.port}`,
      ...Object.entries(entry.ports ?? {})
        .filter(([what]) => entry.unpublished?.includes(what) !== true)
        .map(([, port]) => `127.0.0.1:${port}:${port}`),
    ],
    ...(dependencies.length > 0 && {
      depends_on: Object.fromEntries(dependencies.map((need) => [need, { condition: 'service_healthy' }])),
    }),
    healthcheck: { test: HEALTH_COMMAND, interval: '10s', timeout: '3s', retries: 3, start_period: '10s' },
    logging,
    labels: labelsOf(name, entry.stack, entry.plane),
  }
}

const networksOf = (stack: Stack, members: readonly (readonly [string, Entry])[]) => {
  if (stack !== networkStack) {
    const used = new Set(members.flatMap(([, entry]) => entry.networks))
    return Object.fromEntries([...used].sort().map((name) => [name, { name, external: true as const }]))
  }
  return Object.fromEntries(
    Object.entries(networks).map(([name, { subnet, internal, unrouted }]) => [
      name,
      {
        name,
        driver: 'bridge' as const,
        ...(unrouted && { driver_opts: UNROUTED }),
        ...(internal && { internal }),
        ipam: { config: [{ subnet }] },
      },
    ]),
  )
}

/** The secrets of a service: those that its Env declares, and the password when it keeps documents. */
const secretsOf = (name: string, keys: SecretKeys, stores: Stores): readonly string[] => [
  ...new Set([...(keys[name] ?? []), ...(stores[name] === undefined ? [] : [MONGO_PASSWORD])]),
]

const stockOf = (stack: Stack): readonly (readonly [string, Stock])[] =>
  Object.entries(stock).filter(([, entry]) => entry.stack === stack)

/**
 * The Compose file of a stack (SPEC section 2). Undefined when the stack has nothing to say: no service and
 * no network of its own.
 */
export const makeCompose = (
  stack: Stack,
  services: Services,
  secretKeys: SecretKeys,
  stores: Stores = {},
): ComposeFile | undefined => {
  const members = Object.entries(services).filter(([, entry]) => entry.stack === stack)
  const others = stockOf(stack)
  if (members.length === 0 && others.length === 0 && stack !== networkStack) return undefined
  const mongo =
    stack === stock.mongo.stack ? mongoServices(stock.mongo, Object.keys(stores)) : { services: {}, secrets: [] }
  const volumes = new Set([...others, ...members].flatMap(([, entry]) => Object.keys(entry.volumes)))
  const secrets = [
    ...mongo.secrets,
    ...members.flatMap(([name]) => secretsOf(name, secretKeys, stores).map((key) => [name, key] as const)),
  ]
  return {
    name: `lucid-${stack}`,
    services: {
      ...mongo.services,
      ...Object.fromEntries(
        members.map(([name, entry]) => [name, serviceOf(name, services, entry, secretsOf(name, secretKeys, stores))]),
      ),
      ...toolServices(stack),
    },
    networks: networksOf(stack, members),
    ...(volumes.size > 0 && { volumes: Object.fromEntries([...volumes].sort().map((name) => [name, { name }])) }),
    ...(secrets.length > 0 && {
      secrets: Object.fromEntries(
        secrets.map(([name, key]) => [secretName(name, key), { file: `${HOME}/secrets/${name}/${key}` }]),
      ),
    }),
  }
}

/** The file as text, with a header that says where it comes from. */
export const composeText = (file: ComposeFile): string =>
  [
    '# Written by `bun run derive` from services/catalog.ts and the Env schemas. Do not edit: change those.',
    '# compose/README.md says why it is as it is.',
    '',
    // A copy without shared parts: those would be written as YAML anchors, which are hard to read.
    Bun.YAML.stringify(JSON.parse(JSON.stringify(file)), null, 2),
    '',
  ].join('\n')
