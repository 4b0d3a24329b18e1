import type { Entry, Stack } from '#catalog'
import { networkStack, networks } from './network.ts'

/** The catalogue, or a part of it. */
export type Services = Readonly<Record<string, Entry>>
/** Service to the environment keys that hold its secrets. */
export type SecretKeys = Readonly<Record<string, readonly string[]>>

/**
 * The health check inside a container: exec form, by the one binary that is there. The image puts a bundle
 * at this path that asks 127.0.0.1:$PORT/health and exits 0 only on a 200.
 */
export const HEALTH_COMMAND = ['CMD', '/usr/local/bin/bun', '/app/health.js'] as const

/** `lucid` in our images: no login, no shell, no entry in any group. */
const USER = '65532:65532'
/** Where the state folder lies on the host: secrets/<service>/<KEY> and identities.json, as `bun run up` lays it out. */
const HOME = `$\{LUCID_MOUNT_PATH:-/mnt/myssd/Lucid}`
const IMAGE = `$\{LUCID_IMAGE_REPO:-pickme/lucid}`
const CLUSTER = `$\{CLUSTER_ID:-lucid-cluster-001}`

export type ComposeService = {
  readonly image: string
  readonly container_name: string
  readonly profiles?: readonly string[]
  readonly user: string
  readonly read_only: boolean
  readonly tmpfs: readonly string[]
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly mem_limit: string
  readonly cpus: number
  readonly pids_limit: number
  readonly restart: string
  readonly stop_grace_period: string
  readonly env_file: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly secrets?: readonly { readonly source: string; readonly target: string }[]
  readonly volumes: readonly (
    | string
    | {
        readonly type: 'bind'
        readonly source: string
        readonly target: string
        readonly read_only: true
        readonly bind: { readonly create_host_path: false }
      }
  )[]
  readonly networks: readonly string[]
  readonly ports: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: 'service_healthy' }>>
  readonly healthcheck: {
    readonly test: readonly string[]
    readonly interval: string
    readonly timeout: string
    readonly retries: number
    readonly start_period: string
  }
  readonly logging: {
    readonly driver: string
    readonly options: { readonly 'max-size': string; readonly 'max-file': string }
  }
  readonly labels: Readonly<Record<string, string>>
}

export type ComposeNetwork =
  | { readonly name: string; readonly external: true }
  | {
      readonly name: string
      readonly driver: 'bridge'
      readonly internal?: true
      readonly ipam: { readonly config: readonly { readonly subnet: string }[] }
    }

export type ComposeFile = {
  readonly name: string
  readonly services: Readonly<Record<string, ComposeService>>
  readonly networks: Readonly<Record<string, ComposeNetwork>>
  readonly volumes?: Readonly<Record<string, { readonly name: string }>>
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>
}

const secretName = (service: string, key: string) => `${service}-${key}`

/** Needs that compose may wait for: in the same file, fatal when absent, and started without a profile. */
const waitsFor = (entry: Entry, services: Services): readonly string[] =>
  entry.needs.filter((need) => {
    const other = services[need]
    return other?.stack === entry.stack && !entry.tolerates.includes(need) && other.profile === undefined
  })

const serviceOf = (
  name: string,
  services: Services,
  entry: Entry,
  secrets: readonly string[],
): ComposeService => {
  const dependencies = waitsFor(entry, services)
  return {
    image: `${IMAGE}:${name}`,
    container_name: name,
    ...(entry.profile !== undefined && { profiles: [entry.profile] }),
    user: USER,
    read_only: true,
    tmpfs: ['/tmp:rw,noexec,nosuid,size=16m'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: `${entry.memoryMiB}m`,
    cpus: entry.cpus,
    pids_limit: 128,
    restart: 'unless-stopped',
    stop_grace_period: '30s',
    env_file: [`../env/.env.${entry.stack}`],
    environment: {
      LUCID_PLANE: entry.plane,
      ...Object.fromEntries(secrets.map((key) => [`${key}_FILE`, `/run/secrets/${key}`])),
    },
    ...(secrets.length > 0 && {
      secrets: secrets.map((key) => ({ source: secretName(name, key), target: key })),
    }),
    volumes: [
      ...Object.entries(entry.volumes).map(([volume, path]) => `${volume}:${path}`),
      {
        type: 'bind',
        source: `${HOME}/identities.json`,
        target: '/run/lucid/identities.json',
        read_only: true,
        // Docker would otherwise make a folder where the file is missing, and start with it.
        bind: { create_host_path: false },
      },
    ],
    networks: entry.networks,
    ports: [`127.0.0.1:${entry.hostPort}:${entry.port}`],
    ...(dependencies.length > 0 && {
      depends_on: Object.fromEntries(dependencies.map((need) => [need, { condition: 'service_healthy' }])),
    }),
    healthcheck: { test: HEALTH_COMMAND, interval: '10s', timeout: '3s', retries: 3, start_period: '10s' },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: {
      'org.lucid.plane': entry.plane,
      'org.lucid.stage': entry.stack,
      'org.lucid.service': name,
      'org.lucid.cluster': CLUSTER,
    },
  }
}

const networksOf = (stack: Stack, members: readonly (readonly [string, Entry])[]) => {
  if (stack !== networkStack) {
    const used = new Set(members.flatMap(([, entry]) => entry.networks))
    return Object.fromEntries([...used].sort().map((name) => [name, { name, external: true as const }]))
  }
  return Object.fromEntries(
    Object.entries(networks).map(([name, { subnet, internal }]) => [
      name,
      { name, driver: 'bridge' as const, ...(internal && { internal }), ipam: { config: [{ subnet }] } },
    ]),
  )
}

/**
 * The Compose file of a stack (SPEC section 2). Undefined when the stack has nothing to say: no service and
 * no network of its own.
 */
export const composeOf = (
  stack: Stack,
  services: Services,
  secretKeys: SecretKeys,
): ComposeFile | undefined => {
  const members = Object.entries(services).filter(([, entry]) => entry.stack === stack)
  if (members.length === 0 && stack !== networkStack) return undefined
  const volumes = new Set(members.flatMap(([, entry]) => Object.keys(entry.volumes)))
  const secrets = members.flatMap(([name]) => (secretKeys[name] ?? []).map((key) => [name, key] as const))
  return {
    name: `lucid-${stack}`,
    services: Object.fromEntries(
      members.map(([name, entry]) => [name, serviceOf(name, services, entry, secretKeys[name] ?? [])]),
    ),
    networks: networksOf(stack, members),
    ...(volumes.size > 0 && {
      volumes: Object.fromEntries([...volumes].sort().map((name) => [name, { name }])),
    }),
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
