import { defaults, type Stack } from '#catalog'

/** The parts of a Compose file that all planners of one share. */

/** A value of the env file as Compose files name it, with what it is where nobody gave one. */
export const variable = (key: keyof typeof defaults): string => `$\{${key}:-${defaults[key]}}`

const CLUSTER = `$\{CLUSTER_ID:-lucid-cluster-001}`

/** `lucid` in our images: no login, no shell, no entry in any group. */
const USER = '65532:65532'
export const IMAGE = variable('LUCID_IMAGE_REPO')

export type ReadOnlyFile = {
  readonly type: 'bind'
  readonly source: string
  readonly target: string
  readonly read_only: true
  readonly bind: { readonly create_host_path: false }
}

export type HealthCheck = {
  readonly test: readonly string[]
  readonly interval: string
  readonly timeout: string
  readonly retries: number
  readonly start_period: string
}

/** One container. What is optional here is so for stock images or small services; the rules say what must be there. */
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
  readonly ulimits?: Readonly<Record<string, number | string>>
  readonly restart: string
  readonly stop_grace_period: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env_file?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly { readonly source: string; readonly target: string }[]
  readonly volumes: readonly (string | ReadOnlyFile)[]
  readonly network_mode?: string
  readonly networks?: readonly string[]
  readonly dns_opt?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: 'service_healthy' | 'service_started' }>>
  readonly healthcheck?: HealthCheck
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
      readonly driver_opts?: Readonly<Record<string, string>>
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

/** The name of a service's secret inside a Compose file. */
export const secretName = (service: string, key: string) => `${service}-${key}`

/** A file of the host as a container sees it. Docker would make a folder where it is missing, and start with it. */
export const readOnlyFile = (source: string, target: string): ReadOnlyFile => ({
  type: 'bind',
  source,
  target,
  read_only: true,
  bind: { create_host_path: false },
})

/** What confines a container, and how much it may have (SPEC section 2). */
export const confine = (
  { memoryMiB, cpus }: { readonly memoryMiB: number; readonly cpus: number },
  { user = USER, pids = 128 }: { readonly user?: string; readonly pids?: number } = {},
) => ({
  user,
  read_only: true,
  tmpfs: ['/tmp:rw,noexec,nosuid,size=16m'],
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  mem_limit: `${memoryMiB}m`,
  cpus,
  pids_limit: pids,
})

/** Logs that cannot fill a disk. */
export const logging = {
  driver: 'json-file',
  options: { 'max-size': '10m', 'max-file': '3' },
} as const satisfies ComposeService['logging']

export const labelsOf = (name: string, stack: Stack, plane: string): Readonly<Record<string, string>> => ({
  'org.lucid.plane': plane,
  'org.lucid.stage': stack,
  'org.lucid.service': name,
  'org.lucid.cluster': CLUSTER,
})

/** Services that keep documents, each with the names of its collections. */
export type Stores = Readonly<Record<string, readonly string[]>>

/** The key under which a service of a store finds its password. */
export const MONGO_PASSWORD = 'MONGO_PASSWORD'
