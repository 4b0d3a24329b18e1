import { catalog, type Stack } from '#catalog'
import { at, fields, list, number, text } from './read.ts'

/** A port of a container on the host. */
export type Published = { readonly ip: string; readonly host: number; readonly target: number }

/** One container as the release, or the catalogue, wants it. */
export type WantedService = {
  readonly name: string
  readonly stack: string
  readonly container: string
  readonly image: string
  readonly uid: number
  readonly gid: number
  readonly profiles: readonly string[]
  /** Real names of networks. */
  readonly networks: readonly string[]
  /** The service in whose network it is instead. */
  readonly shares?: string
  readonly ports: readonly Published[]
  readonly volumes: readonly { readonly name: string; readonly target: string }[]
  /** Files of the host that it mounts, secrets among them. */
  readonly files: readonly { readonly path: string; readonly secret: boolean }[]
  /** Limits; 0 where there is none. Memory in bytes. */
  readonly memory: number
  readonly cpus: number
  readonly pids: number
  /** Compose's own hash of all that it says about the service. */
  readonly hash?: string
  /** Same-host services that it cannot do without. */
  readonly needs: readonly string[]
  /** Runs once and ends. */
  readonly once: boolean
  readonly probed: boolean
  /** Its health check, as an argument list; empty when it has none or one that a shell reads. */
  readonly check: readonly string[]
}

export type WantedNetwork = { readonly subnet: string; readonly internal: boolean; readonly stack: string }

/** What should be on a host. */
export type Wanted = {
  /** Id of the release; absent when it is read from the catalogue. */
  readonly release?: string
  readonly services: Readonly<Record<string, WantedService>>
  readonly networks: Readonly<Record<string, WantedNetwork>>
  /** Real names of volumes. */
  readonly volumes: readonly string[]
}

const published = (value: unknown): readonly Published[] => {
  if (typeof value !== 'string') {
    const { host_ip, published, target } = fields(value)
    return [{ ip: text(host_ip), host: number(published), target: number(target) }]
  }
  const words = value.replace(/\/\w+$/, '').split(':')
  const [target = '', host = '', ...ip] = words.toReversed()
  return host === '' ? [] : [{ ip: ip.join(':'), host: number(host), target: number(target) }]
}

type Mount = { readonly type: string; readonly source: string; readonly target: string }

const mount = (value: unknown): Mount => {
  if (typeof value === 'string') {
    const [source = '', target = ''] = value.split(':')
    return { type: /^[./]/.test(source) ? 'bind' : 'volume', source, target }
  }
  const { type, source, target } = fields(value)
  return { type: text(type), source: text(source), target: text(target) }
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

const bytesOf = (value: unknown): number => {
  const [, count = '0', unit = 'b'] = /^(\d+(?:\.\d+)?)\s*([bkmg])?b?$/i.exec(text(value)) ?? []
  return Number(count) * (UNITS[unit.toLowerCase()] ?? 1)
}

/** Names in a list, or the keys of an object: Compose takes both for networks and dependencies. */
const names = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(text) : Object.keys(fields(value))

/** Untolerated needs of a service that the catalogue knows. */
export type Needs = Readonly<
  Record<string, { readonly needs: readonly string[]; readonly tolerates: readonly string[] }>
>

const checkOf = (test: unknown): readonly string[] => {
  const [form, ...words] = list(test).map(text)
  return form === 'CMD' ? words : []
}

type Known = {
  readonly stack: Stack
  readonly hashes: Readonly<Record<string, string>>
  readonly needs: Needs
}

/** Ports that tor opens only with a network: where it is told to stay without one, nothing answers there. */
const { socks, http } = catalog['tor-proxy'].ports
const closedPorts = (environment: unknown): readonly number[] =>
  text(at(environment, 'TOR_NETWORK')) === 'off' ? [socks, http] : []

const serviceOf = (name: string, value: unknown, file: unknown, known: Known): WantedService => {
  const said = fields(value)
  const realName = (kind: 'networks' | 'volumes', key: string) => text(at(file, kind, key, 'name')) || key
  const mounts = list(said['volumes']).map(mount)
  const secrets = list(said['secrets']).map((one) =>
    text(at(file, 'secrets', text(at(one, 'source')) || text(one), 'file')),
  )
  const [uid = '0', gid = uid] = text(said['user']).split(':')
  const mode = text(said['network_mode'])
  const catalogued = known.needs[name]
  const environment = Object.keys(fields(said['environment']))
  const needs = [
    ...(catalogued?.needs.filter((need) => !catalogued.tolerates.includes(need)) ?? []),
    ...names(said['depends_on']),
    ...(environment.includes('MONGO_URL') ? ['mongo'] : []),
  ]
  const hash = known.hashes[name]
  return {
    name,
    stack: known.stack,
    container: text(said['container_name']) || name,
    image: text(said['image']),
    uid: number(uid),
    gid: number(gid),
    profiles: names(said['profiles']),
    networks: mode === '' ? names(said['networks']).map((key) => realName('networks', key)) : [],
    ...(mode.startsWith('service:') && { shares: mode.slice('service:'.length) }),
    ports: list(said['ports'])
      .flatMap(published)
      .filter(({ target }) => !closedPorts(said['environment']).includes(target)),
    volumes: mounts
      .filter(({ type }) => type === 'volume')
      .map(({ source, target }) => ({ name: realName('volumes', source), target })),
    files: [
      ...secrets.filter(Boolean).map((path) => ({ path, secret: true })),
      ...mounts.filter(({ type }) => type === 'bind').map(({ source }) => ({ path: source, secret: false })),
    ],
    memory: bytesOf(said['mem_limit']),
    cpus: number(said['cpus']),
    pids: number(said['pids_limit']),
    ...(hash !== undefined && { hash }),
    needs: [...new Set(needs)],
    once: !/^(?:always|unless-stopped)/.test(text(said['restart'])),
    check: checkOf(at(said, 'healthcheck', 'test')),
    probed: said['healthcheck'] !== undefined && at(said, 'healthcheck', 'disable') !== true,
  }
}

/** Compose's `config --hash '*'`: a service and its hash a line. */
export const hashesOf = (lines: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.split('\n').flatMap((line) => {
      const [, name, hash] = /^(\S+) ([0-9a-f]{64})$/.exec(line.trim()) ?? []
      return name === undefined || hash === undefined ? [] : [[name, hash] as const]
    }),
  )

/** A Compose file as data with what is known about it. */
export type Composed = {
  readonly stack: Stack
  readonly file: unknown
  readonly hashes: Readonly<Record<string, string>>
}

/** Started by hand and by nobody else. */
const TOOLS = 'tools'

/**
 * What a set of Compose files, in the order of the stacks, wants of a host. Both the short form of ports and volumes and the long one of
 * `docker compose config` are read. A network that no file makes has the subnet of `planned`.
 */
export const wantedOf = (
  files: readonly Composed[],
  {
    needs,
    planned,
    release,
  }: {
    readonly needs: Needs
    readonly planned: Readonly<Record<string, { readonly subnet: string; readonly internal?: true }>>
    readonly release?: string
  },
): Wanted => {
  const services = files.flatMap(({ stack, file, hashes }) =>
    Object.entries(fields(at(file, 'services'))).map(([name, value]) =>
      serviceOf(name, value, file, { stack, hashes, needs }),
    ),
  )
  const wanted = services.filter(({ profiles }) => !profiles.includes(TOOLS))
  const made = files.flatMap(({ stack, file }) =>
    Object.entries(fields(at(file, 'networks')))
      .filter(([, network]) => at(network, 'external') !== true)
      .map(([key, network]) => {
        const name = text(at(network, 'name')) || key
        const subnet = text(at(list(at(network, 'ipam', 'config'))[0], 'subnet'))
        return [name, { subnet, internal: at(network, 'internal') === true, stack }] as const
      }),
  )
  const declared = new Map<string, WantedNetwork>(made)
  for (const name of wanted.flatMap(({ networks }) => networks))
    if (!declared.has(name))
      declared.set(name, {
        subnet: planned[name]?.subnet ?? '',
        internal: planned[name]?.internal === true,
        stack: 'core',
      })
  return {
    ...(release !== undefined && { release }),
    services: Object.fromEntries(wanted.map((service) => [service.name, service])),
    // Compose makes only networks that a container of the same file uses; one that nobody uses is missed by nobody.
    networks: Object.fromEntries(
      [...declared].filter(([name]) => wanted.some(({ networks }) => networks.includes(name))),
    ),
    volumes: [...new Set(wanted.flatMap(({ volumes }) => volumes.map(({ name }) => name)))].sort(),
  }
}

/** Images that can look inside networks and volumes, best first: that of server-tools, then those of ours, which have the same Bun. */
export const probeImages = (files: readonly Composed[], release: unknown): readonly string[] => {
  const tools = list(at(release, 'images')).filter((image) => at(image, 'service') === 'server-tools')
  const services = files.flatMap(({ file }) => Object.entries(fields(at(file, 'services'))))
  const named = services.filter(([name]) => name === 'server-tools')
  const ours = services.filter(([, value]) =>
    list(at(value, 'healthcheck', 'test')).includes('/usr/local/bin/bun'),
  )
  return [
    ...new Set([
      ...tools.map((image) => text(at(image, 'name'))),
      ...[...named, ...ours].map(([, value]) => text(at(value, 'image'))),
    ]),
  ].filter(Boolean)
}
