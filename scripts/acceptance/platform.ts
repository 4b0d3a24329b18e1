import { catalog, type Entry } from '#catalog'
import { CliError } from '../cli/fail.ts'
import { type HostSession, openHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { type Home, homeFrom } from '../platform/home.ts'
import { requireRunning } from '../platform/running.ts'
import type { Bundle } from '../release/content/release.ts'
import { observeHost, readBundle } from '../release/host/observe.ts'
import type { HostReleases } from '../release/run/release-host.ts'
import { type ExpectedContainer, listExpected } from './expected.ts'

/** Where services answer, by name. */
export type Urls = Readonly<Record<string, string>>

/** A host with a release on it. */
export type HostPlatform = {
  readonly kind: 'host'
  readonly opened: HostSession
  readonly observed: HostReleases
  readonly bundle: Bundle
  readonly expected: readonly ExpectedContainer[]
  /** Image of server-tools on the host. */
  readonly tools: string | undefined
  readonly urls: Urls
}

/** A platform that `bun run up` started on this machine: processes, no containers. */
export type LocalPlatform = {
  readonly kind: 'local'
  readonly home: Home
  readonly urls: Urls
  readonly leftOut: Readonly<Record<string, string>>
}

export type Platform = HostPlatform | LocalPlatform

/** The flags that say what is looked at. */
export const platformFlags = {
  ...targetFlags,
  local: {
    type: 'boolean',
    about:
      'the platform that bun run up started here, instead of a host: no containers, so what is about those is NOT RUN',
  },
} as const

export type PlatformFlags = Parameters<typeof openHost>[0] & { readonly local: boolean }

const services: Readonly<Record<string, Entry>> = catalog

const publishedUrls = (expected: readonly ExpectedContainer[]): Urls =>
  Object.fromEntries(
    expected.flatMap(({ service, ports }) => {
      const port = ports[String(services[service]?.port)]
      return port === undefined ? [] : [[service, `http://127.0.0.1:${port}`] as const]
    }),
  )

/** Opens what the flags name. Throws CliError when nothing runs there, or its release was changed by hand. */
export const openPlatform = async (
  words: PlatformFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Platform> => {
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
    const expected = listExpected(bundle)
    return {
      kind: 'host',
      opened,
      observed,
      bundle,
      expected,
      tools: bundle.release.images.find(({ service }) => service === 'server-tools')?.name,
      urls: publishedUrls(expected),
    }
  } catch (error) {
    await opened.shell.close()
    throw error
  }
}

/** For a report's title. */
export const platformName = (platform: Platform): string =>
  platform.kind === 'local'
    ? `the platform of ${platform.home.root}`
    : `${platform.bundle.release.id} on ${platform.opened.shell.name}`

/** Opens, works, closes. */
export const withPlatform = async <T>(
  words: PlatformFlags,
  env: Readonly<Record<string, string | undefined>>,
  work: (platform: Platform) => Promise<T>,
): Promise<T> => {
  const platform = await openPlatform(words, env)
  try {
    return await work(platform)
  } finally {
    if (platform.kind === 'host') await platform.opened.shell.close()
  }
}
