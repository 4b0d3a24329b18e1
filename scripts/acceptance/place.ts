import { catalog, type Entry } from '#catalog'
import { CliError } from '../cli/fail.ts'
import { type HostSession, openHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { type Home, homeFrom } from '../platform/home.ts'
import { requireRunning } from '../platform/running.ts'
import type { Bundle } from '../release/content/release.ts'
import { observeHost, readBundle } from '../release/host/observe.ts'
import type { Observed } from '../release/run/host.ts'
import { type Promised, promisedBy } from './promised.ts'

/** Where services answer, by name. */
export type Urls = Readonly<Record<string, string>>

/** A host with a release on it. */
export type HostPlace = {
  readonly kind: 'host'
  readonly opened: HostSession
  readonly observed: Observed
  readonly bundle: Bundle
  readonly promised: readonly Promised[]
  /** Image of server-tools on the host. */
  readonly tools: string | undefined
  readonly urls: Urls
}

/** A platform that `bun run up` started on this machine: processes, no containers. */
export type LocalPlace = {
  readonly kind: 'local'
  readonly home: Home
  readonly urls: Urls
  readonly leftOut: Readonly<Record<string, string>>
}

export type Place = HostPlace | LocalPlace

/** The flags that say what is looked at. */
export const placeFlags = {
  ...targetFlags,
  local: {
    type: 'boolean',
    about:
      'the platform that bun run up started here, instead of a host: no containers, so what is about those is NOT RUN',
  },
} as const

export type PlaceWords = Parameters<typeof openHost>[0] & { readonly local: boolean }

const services: Readonly<Record<string, Entry>> = catalog

const publishedUrls = (promised: readonly Promised[]): Urls =>
  Object.fromEntries(
    promised.flatMap(({ service, ports }) => {
      const port = ports[String(services[service]?.port)]
      return port === undefined ? [] : [[service, `http://127.0.0.1:${port}`] as const]
    }),
  )

/** Opens what the flags name. Throws CliError when nothing runs there, or its release was changed by hand. */
export const openPlace = async (
  words: PlaceWords,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Place> => {
  if (words.local) {
    const home = homeFrom(env)
    const { services: running, left_out = {} } = requireRunning(home)
    return {
      kind: 'local',
      home,
      urls: Object.fromEntries(Object.entries(running).map(([name, { url }]) => [name, url])),
      leftOut: left_out,
    }
  }
  const opened = openHost(words, env)
  try {
    const { shell, target } = opened
    const observed = await observeHost(shell, target.dir)
    if (observed.current === undefined)
      throw new CliError(`${shell.name} runs no release in ${target.dir}: bun run deploy:pi`)
    const bundle = await readBundle(shell, target.dir, observed.current)
    const promised = promisedBy(bundle)
    return {
      kind: 'host',
      opened,
      observed,
      bundle,
      promised,
      tools: bundle.release.images.find(({ service }) => service === 'server-tools')?.name,
      urls: publishedUrls(promised),
    }
  } catch (error) {
    await opened.shell.close()
    throw error
  }
}

/** For a report's title. */
export const placeName = (place: Place): string =>
  place.kind === 'local'
    ? `the platform of ${place.home.root}`
    : `${place.bundle.release.id} on ${place.opened.shell.name}`

/** Opens, works, closes. */
export const withPlace = async <T>(
  words: PlaceWords,
  env: Readonly<Record<string, string | undefined>>,
  work: (place: Place) => Promise<T>,
): Promise<T> => {
  const place = await openPlace(words, env)
  try {
    return await work(place)
  } finally {
    if (place.kind === 'host') await place.opened.shell.close()
  }
}
