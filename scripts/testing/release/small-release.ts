import { type Stack, stacks } from '#catalog'
import { assemble } from '../../release/content/assemble.ts'
import type { Bundle, ReleaseImage } from '../../release/content/release.ts'
import type { DockerEngine } from '../peers/docker/engine.ts'

/** Releases of four stacks with two or three services each, all of tiny images that the engine has. */

/** Service to the tag of its image, by stack. */
export type Tags = Readonly<Partial<Record<Stack, Readonly<Record<string, string>>>>>

const IMAGE = 'lucid-test/tiny'

/** The release that is there. */
export const oneTags: Tags = {
  core: { gate: '1', store: '1' },
  sessions: { cut: '1', seal: '1' },
  blockchain: { vm: '1', anchor: '1' },
  integration: { page: '1', shell: '1' },
}

/** The one that follows: a service changed in each stack, `tree` added and `shell` gone. */
export const twoTags: Tags = {
  core: { gate: '2', store: '1' },
  sessions: { cut: '2', seal: '1', tree: '2' },
  blockchain: { vm: '2', anchor: '1' },
  integration: { page: '2' },
}

/** A release without the other stacks, for a check that has less time. */
export const onlyStacks = (tags: Tags, only: readonly Stack[]): Tags =>
  Object.fromEntries(only.map((stack) => [stack, tags[stack] ?? {}]))

/** All services of the new release are its own, and one of them does as it is told. */
export const brokenTags = (tags: Tags, service: string, tag: string): Tags =>
  Object.fromEntries(
    Object.entries(tags).map(([stack, services]) => [
      stack,
      Object.fromEntries(Object.keys(services).map((name) => [name, name === service ? tag : '2'])),
    ]),
  )

const HELLO = './hello.txt'

const serviceText = (name: string, stack: Stack) => ({
  container_name: name,
  image: 'unset',
  restart: 'unless-stopped',
  stop_grace_period: '2s',
  mem_limit: '32m',
  pids_limit: 128,
  read_only: true,
  cap_drop: ['ALL'],
  environment: { TINY_SECONDS: '2' },
  healthcheck: { test: ['CMD', '/tiny', 'health'], interval: '4s', timeout: '5s', retries: 3 },
  labels: { 'org.lucid.stage': stack, 'org.lucid.service': name },
  // One stack has a network, as the platform's stacks have; to make one for each would cost every point of a sweep.
  ...(stack === 'core'
    ? { volumes: [{ type: 'bind', source: HELLO, target: '/hello.txt', read_only: true }] }
    : { network_mode: 'none' }),
})

const composeText = (stack: Stack, services: readonly string[]): string =>
  Bun.YAML.stringify({
    name: `lucid-${stack}`,
    services: Object.fromEntries(services.map((name) => [name, serviceText(name, stack)])),
  })

type Inspected = { readonly Id: string; readonly RootFS: { readonly Layers: readonly string[] } }

/** What the engine has under a tag of the tiny images, by the sums that it says itself. */
export const engineImage = async (engine: DockerEngine, tag: string): Promise<Omit<ReleaseImage, 'service'>> => {
  const name = `${IMAGE}:${tag}`
  const out = await engine.answer(['image', 'inspect', '--format', '{{json .}}', name])
  const { Id, RootFS } = JSON.parse(out) as Inspected // the engine's own format
  return {
    name,
    pull: name,
    digest: Id,
    manifest: Id,
    config: Id,
    layers: RootFS.Layers.map((diffId) => ({ digest: diffId, size: 0, diffId })),
  }
}

/** A release of those services. `images` are the engine's by tag. */
export const smallRelease = (
  tags: Tags,
  { dir, images }: { readonly dir: string; readonly images: ReadonlyMap<string, Omit<ReleaseImage, 'service'>> },
): Bundle => {
  const chosen = stacks.flatMap((stack) => {
    const services = Object.entries(tags[stack] ?? {})
    return services.length === 0 ? [] : [{ stack, services }]
  })
  return assemble(
    {
      platform: 'linux/amd64',
      dir,
      stacks: chosen.map(({ stack, services }) => ({
        stack,
        text: composeText(
          stack,
          services.map(([name]) => name),
        ),
        env: {},
      })),
      variables: {},
      images: chosen.flatMap(({ services }) =>
        services.map(([service, tag]) => {
          const image = images.get(tag)
          if (image === undefined) throw new RangeError(`no tiny image ${tag}`)
          return { service, ...image }
        }),
      ),
      tools: [],
      mounted: { [HELLO]: `hello of ${tags.core?.['gate'] ?? 'nobody'}\n` },
      identities: [],
      migrations: {},
    },
    { version: '0.0.0', revision: 'none', madeBy: 'test', madeAt: 0, signer: '0'.repeat(64) },
  )
}
