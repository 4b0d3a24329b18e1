import { catalog, type Stack } from '#catalog'
import type { ContainerSettings, PortBinding } from '#common/host/facts/container-settings'
import { readAt, readList, readNumber, readObject, readString } from '#common/host/facts/values'

/** What a container may do, as Compose and the engine say it. */
export type ContainerRights = Pick<
  ContainerSettings,
  'user' | 'readOnlyRoot' | 'privileged' | 'capAdd' | 'capDrop' | 'securityOpt' | 'restartPolicy'
>

/** One container as the release, or the catalogue, wants it. */
export type ExpectedService = {
  readonly name: string
  readonly stack: string
  readonly container: string
  readonly image: string
  readonly uid: number
  readonly gid: number
  readonly profiles: readonly string[]
  readonly networks: readonly string[]
  /** The service in whose network it is instead. */
  readonly shares?: string
  /** Ports behind which something answers, and all that are published. */
  readonly ports: readonly PortBinding[]
  readonly bindings: readonly PortBinding[]
  readonly rights: ContainerRights
  readonly volumes: readonly { readonly name: string; readonly target: string }[]
  /** Files of the host that it mounts, secrets among them. */
  readonly files: readonly { readonly path: string; readonly secret: boolean }[]
  /** Limits; 0 where there is none. Memory in bytes. */
  readonly memory: number
  readonly cpus: number
  readonly pids: number
  readonly hash?: string
  /** Same-host services that it cannot do without. */
  readonly needs: readonly string[]
  readonly once: boolean
  readonly probed: boolean
  /** Its health check, as an argument list; empty when it has none or one that a shell reads. */
  readonly check: readonly string[]
}

const readPort = (value: unknown): readonly PortBinding[] => {
  if (typeof value !== 'string') {
    const { host_ip, published, target } = readObject(value)
    return [{ ip: readString(host_ip), host: readNumber(published), target: readNumber(target) }]
  }
  const words = value.replace(/\/\w+$/, '').split(':')
  const [target = '', host = '', ...ip] = words.toReversed()
  return host === '' ? [] : [{ ip: ip.join(':'), host: readNumber(host), target: readNumber(target) }]
}

type Mount = { readonly type: string; readonly source: string; readonly target: string }

const readMount = (value: unknown): Mount => {
  if (typeof value === 'string') {
    const [source = '', target = ''] = value.split(':')
    return { type: /^[./]/.test(source) ? 'bind' : 'volume', source, target }
  }
  const { type, source, target } = readObject(value)
  return { type: readString(type), source: readString(source), target: readString(target) }
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/** Bytes of a limit as Compose writes it: a number, or one with a unit; 0 for none. */
export const parseBytes = (value: unknown): number => {
  const [, count = '0', unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([bkmg])?b?$/i.exec(readString(value)) ?? []
  return Number(count) * (UNITS[unit.toLowerCase()] ?? 1)
}

/** Names in a list, or the keys of an object: Compose takes both for networks and dependencies. */
const readNames = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(readString) : Object.keys(readObject(value))

/** Untolerated needs of a service that the catalogue knows. */
export type Needs = Readonly<
  Record<string, { readonly needs: readonly string[]; readonly tolerates: readonly string[] }>
>

const readCheck = (test: unknown): readonly string[] => {
  const [form, ...words] = readList(test).map(readString)
  return form === 'CMD' ? words : []
}

export type Context = {
  readonly stack: Stack
  readonly hashes: Readonly<Record<string, string>>
  readonly needs: Needs
}

/** Ports that tor opens only with a network: where it is told to stay without one, nothing answers there. */
const { socks, http } = catalog['tor-proxy'].ports
const listClosedPorts = (environment: unknown): readonly number[] =>
  readString(readAt(environment, 'TOR_NETWORK')) === 'off' ? [socks, http] : []

const readRights = (fields: Readonly<Record<string, unknown>>): ContainerRights => {
  const names = (key: string) => readList(fields[key]).map(readString)
  const [restart = ''] = readString(fields['restart']).split(':')
  return {
    user: readString(fields['user']),
    readOnlyRoot: fields['read_only'] === true,
    privileged: fields['privileged'] === true,
    capAdd: names('cap_add'),
    capDrop: names('cap_drop'),
    securityOpt: names('security_opt'),
    restartPolicy: restart || 'no',
  }
}

export const readService = (name: string, value: unknown, file: unknown, context: Context): ExpectedService => {
  const fields = readObject(value)
  const realName = (kind: 'networks' | 'volumes', key: string) => readString(readAt(file, kind, key, 'name')) || key
  const mounts = readList(fields['volumes']).map(readMount)
  const secrets = readList(fields['secrets']).map((one) =>
    readString(readAt(file, 'secrets', readString(readAt(one, 'source')) || readString(one), 'file')),
  )
  const [uid = '0', gid = uid] = readString(fields['user']).split(':')
  const mode = readString(fields['network_mode'])
  const catalogued = context.needs[name]
  const environment = Object.keys(readObject(fields['environment']))
  const needs = [
    ...(catalogued?.needs.filter((need) => !catalogued.tolerates.includes(need)) ?? []),
    ...readNames(fields['depends_on']),
    ...(environment.includes('MONGO_URL') ? ['mongo'] : []),
  ]
  const hash = context.hashes[name]
  const bindings = readList(fields['ports']).flatMap(readPort)
  return {
    name,
    stack: context.stack,
    container: readString(fields['container_name']) || name,
    image: readString(fields['image']),
    uid: readNumber(uid),
    gid: readNumber(gid),
    profiles: readNames(fields['profiles']),
    networks: mode === '' ? readNames(fields['networks']).map((key) => realName('networks', key)) : [],
    ...(mode.startsWith('service:') && { shares: mode.slice('service:'.length) }),
    ports: bindings.filter(({ target }) => !listClosedPorts(fields['environment']).includes(target)),
    bindings,
    rights: readRights(fields),
    volumes: mounts
      .filter(({ type }) => type === 'volume')
      .map(({ source, target }) => ({ name: realName('volumes', source), target })),
    files: [
      ...secrets.filter(Boolean).map((path) => ({ path, secret: true })),
      ...mounts.filter(({ type }) => type === 'bind').map(({ source }) => ({ path: source, secret: false })),
    ],
    memory: parseBytes(fields['mem_limit']),
    cpus: readNumber(fields['cpus']),
    pids: readNumber(fields['pids_limit']),
    ...(hash !== undefined && { hash }),
    needs: [...new Set(needs)],
    once: !/^(?:always|unless-stopped)/.test(readString(fields['restart'])),
    check: readCheck(readAt(fields, 'healthcheck', 'test')),
    probed: fields['healthcheck'] !== undefined && readAt(fields, 'healthcheck', 'disable') !== true,
  }
}
