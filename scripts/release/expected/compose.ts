import type { Stack } from '#catalog'
import { readAt, readList, readObject, readString } from '#common/host/facts/values'
import { type Net, UNROUTED } from '../../derive/network.ts'
import { type ExpectedService, type Needs, readService } from './service.ts'

export type ExpectedNetwork = {
  readonly subnet: string
  readonly internal: boolean
  readonly unrouted: boolean
  readonly stack: string
}

/** What should be on a host. */
export type Expected = {
  readonly release?: string
  readonly services: Readonly<Record<string, ExpectedService>>
  readonly networks: Readonly<Record<string, ExpectedNetwork>>
  readonly volumes: readonly string[]
}

/** A Compose file as data with what is known about it. */
export type ComposeFile = {
  readonly stack: Stack
  readonly file: unknown
  readonly hashes: Readonly<Record<string, string>>
}

/** Started by hand and by nobody else. */
const TOOLS = 'tools'

/** What Compose files want of a host, in short or long form. A network that no file makes has a subnet of `planned`. */
export const expectFromCompose = (
  files: readonly ComposeFile[],
  {
    needs,
    planned,
    release,
  }: { readonly needs: Needs; readonly planned: Readonly<Record<string, Net>>; readonly release?: string },
): Expected => {
  const services = files.flatMap(({ stack, file, hashes }) =>
    Object.entries(readObject(readAt(file, 'services'))).map(([name, value]) =>
      readService(name, value, file, { stack, hashes, needs }),
    ),
  )
  const started = services.filter(({ profiles }) => !profiles.includes(TOOLS))
  const made = files.flatMap(({ stack, file }) =>
    Object.entries(readObject(readAt(file, 'networks')))
      .filter(([, network]) => readAt(network, 'external') !== true)
      .map(([key, network]) => {
        const name = readString(readAt(network, 'name')) || key
        const subnet = readString(readAt(readList(readAt(network, 'ipam', 'config'))[0], 'subnet'))
        const options = readObject(readAt(network, 'driver_opts'))
        const unrouted = Object.entries(UNROUTED).every(([key, value]) => options[key] === value)
        return [name, { subnet, internal: readAt(network, 'internal') === true, unrouted, stack }] as const
      }),
  )
  const declared = new Map<string, ExpectedNetwork>(made)
  for (const name of started.flatMap(({ networks }) => networks))
    if (!declared.has(name))
      declared.set(name, {
        subnet: planned[name]?.subnet ?? '',
        internal: planned[name]?.internal === true,
        unrouted: planned[name]?.unrouted === true,
        stack: 'core',
      })
  return {
    ...(release !== undefined && { release }),
    services: Object.fromEntries(started.map((service) => [service.name, service])),
    // Compose makes only networks that a container of the same file uses; one that nobody uses is missed by nobody.
    networks: Object.fromEntries(
      [...declared].filter(([name]) => started.some(({ networks }) => networks.includes(name))),
    ),
    volumes: [...new Set(started.flatMap(({ volumes }) => volumes.map(({ name }) => name)))].sort(),
  }
}

/** Images that can look inside networks and volumes, best first: that of server-tools, then those of ours, which have the same Bun. */
export const listProbeImages = (files: readonly ComposeFile[], release: unknown): readonly string[] => {
  const tools = readList(readAt(release, 'images')).filter((image) => readAt(image, 'service') === 'server-tools')
  const services = files.flatMap(({ file }) => Object.entries(readObject(readAt(file, 'services'))))
  const named = services.filter(([name]) => name === 'server-tools')
  const ours = services.filter(([, value]) =>
    readList(readAt(value, 'healthcheck', 'test')).includes('/usr/local/bin/bun'),
  )
  return [
    ...new Set([
      ...tools.map((image) => readString(readAt(image, 'name'))),
      ...[...named, ...ours].map(([, value]) => readString(readAt(value, 'image'))),
    ]),
  ].filter(Boolean)
}
