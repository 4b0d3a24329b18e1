import { posix } from 'node:path'
import type { Stack } from '#catalog'
import type { ReleaseImage } from './image.ts'
import { type Bundle, composeFile, type Release, type ReleaseContent, type SchemaVersion } from './release.ts'
import { hashOf, releaseId } from './release-file.ts'
import { renderStack } from './render.ts'

/** What a release is made of, read from a checkout or planted by a test. */
export type Parts = {
  readonly platform: string
  /** DIR on the host. */
  readonly dir: string
  /** In the order they are started: the committed Compose file and the values of the env file. */
  readonly stacks: readonly {
    readonly stack: Stack
    readonly text: string
    readonly env: Readonly<Record<string, string>>
  }[]
  /** What Compose replaces in the files themselves. */
  readonly variables: Readonly<Record<string, string>>
  readonly images: readonly ReleaseImage[]
  /** Images that are run by hand: they come with the release, their containers do not. */
  readonly tools: readonly string[]
  /** Files that Compose files mount, by their path from the folder of those. */
  readonly mounted: Readonly<Record<string, string>>
  /** Names in identities.json: services read it when they start. */
  readonly identities: readonly string[]
  readonly migrations: Readonly<Record<string, SchemaVersion>>
}

/** Who made a release, when, from what. Not part of its id. */
export type Origin = Pick<Release, 'version' | 'revision' | 'madeBy' | 'madeAt' | 'signer'>

/** Sixteen hex digits of the sha256. */
const short = (text: string): string => hashOf(text).slice(0, 16)

const sorted = (words: Iterable<string>): readonly string[] => [...new Set(words)].sort()

/** Whole from its content: the id follows. */
const released = (content: ReleaseContent, origin: Origin): Release => ({
  ...content,
  id: releaseId(content),
  ...origin,
})

/** A text as a script of sh writes it: with a line feed at its end. */
const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

/** Makes a release with all texts of its files. Throws RangeError when a Compose file mounts what is not among `mounted`. */
export const assemble = (parts: Parts, origin: Origin): Bundle => {
  const places = Object.fromEntries(
    Object.entries(parts.mounted)
      .map(([path, mounted]) => [path, ended(mounted)] as const)
      .map(([path, text]) => [
        posix.normalize(path),
        { path: `files/${short(text)}/${posix.basename(path)}`, text },
      ]),
  )
  const names = Object.fromEntries(parts.images.map(({ service, name }) => [service, name]))
  const rendered = parts.stacks.map((one) =>
    renderStack({
      ...one,
      variables: parts.variables,
      dir: parts.dir,
      images: names,
      tools: parts.tools,
      support: Object.fromEntries(Object.entries(places).map(([from, { path }]) => [from, path])),
      identities: short(sorted(parts.identities).join('\n')),
      digest: short,
    }),
  )
  const files = Object.fromEntries(rendered.map(({ stack, text }) => [composeFile(stack.stack), text]))
  const support = Object.fromEntries(Object.values(places).map(({ path, text }) => [path, text]))
  const members = rendered.flatMap(({ stack }) => stack.members)
  const content: ReleaseContent = {
    format: 'lucid/release/v1',
    platform: parts.platform,
    images: parts.images,
    stock: members
      .filter(({ service }) => names[service] === undefined)
      .map(({ service, image }) => ({ service, name: image })),
    stacks: rendered.map(({ stack }) => stack),
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, hashOf(text)])),
    support: Object.fromEntries(Object.entries(support).map(([path, text]) => [path, hashOf(text)])),
    secrets: sorted(rendered.flatMap(({ secrets }) => secrets)),
    networks: sorted(rendered.flatMap(({ networks }) => networks)),
    volumes: sorted(rendered.flatMap(({ volumes }) => volumes)),
    migrations: parts.migrations,
  }
  return { release: released(content, origin), files, support }
}

/**
 * The release that runs with the image of one service replaced. `texts` are its Compose files as they stand on the host.
 * Throws RangeError when the release has no such service.
 */
export const withImage = (
  { release, files, support }: Bundle,
  image: ReleaseImage,
  origin: Origin,
): Bundle => {
  const before = release.images.find(({ service }) => service === image.service)
  if (before === undefined) throw new RangeError(`${release.id} has no service ${image.service}`)
  const {
    id: _,
    version: __,
    revision: ___,
    madeBy: ____,
    madeAt: _____,
    signer: ______,
    ...content
  } = release
  // A name is the end of its content's digest: nothing else in a rendered file can be that text.
  const changed = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, text.replaceAll(before.name, image.name)]),
  )
  return {
    release: released(
      {
        ...content,
        images: content.images.map((one) => (one.service === image.service ? image : one)),
        stacks: content.stacks.map((one) => ({
          ...one,
          members: one.members.map((member) =>
            member.service === image.service ? { ...member, image: image.name } : member,
          ),
        })),
        files: Object.fromEntries(Object.entries(changed).map(([name, text]) => [name, hashOf(text)])),
      },
      origin,
    ),
    files: changed,
    support,
  }
}

/**
 * One stack of a new release, all others as they run: what `--stage` deploys. `current` is undefined on an empty host.
 */
export const withStack = (
  current: Bundle | undefined,
  fresh: Bundle,
  stack: Stack,
  origin: Origin,
): Bundle => {
  const kept = current?.release.stacks.filter((one) => one.stack !== stack) ?? []
  const stacks = [...kept, ...fresh.release.stacks.filter((one) => one.stack === stack)].toSorted(
    (a, b) => order.indexOf(a.stack) - order.indexOf(b.stack),
  )
  const services = new Set(stacks.flatMap(({ members }) => members.map(({ service }) => service)))
  const ofStack = new Set(
    stacks
      .filter((one) => one.stack === stack)
      .flatMap(({ members }) => members.map(({ service }) => service)),
  )
  const old = current?.release
  const file = composeFile(stack)
  const files = {
    ...Object.fromEntries(Object.entries(current?.files ?? {}).filter(([name]) => name !== file)),
    ...(fresh.files[file] !== undefined && { [file]: fresh.files[file] }),
  }
  const support = { ...current?.support, ...fresh.support }
  const {
    id: _,
    version: __,
    revision: ___,
    madeBy: ____,
    madeAt: _____,
    signer: ______,
    ...content
  } = fresh.release
  const from = <T extends { readonly service: string }>(
    before: readonly T[],
    after: readonly T[],
  ): readonly T[] => [
    ...before.filter(({ service }) => services.has(service) && !ofStack.has(service)),
    ...after.filter(({ service }) => ofStack.has(service) || !services.has(service)),
  ]
  const versions = Object.fromEntries([
    ...Object.entries(old?.migrations ?? {}).filter(([service]) => !ofStack.has(service)),
    ...Object.entries(content.migrations).filter(([service]) => ofStack.has(service)),
  ])
  return {
    release: released(
      {
        ...content,
        images: from(old?.images ?? [], content.images).filter(unique()),
        stock: from(old?.stock ?? [], content.stock).filter(({ service }) => services.has(service)),
        stacks,
        files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, hashOf(text)])),
        support: Object.fromEntries(Object.entries(support).map(([path, text]) => [path, hashOf(text)])),
        secrets: sorted([...(old?.secrets ?? []), ...content.secrets]),
        networks: sorted([...(old?.networks ?? []), ...content.networks]),
        volumes: sorted(stacks.flatMap(({ members }) => members.flatMap(({ volumes }) => volumes))),
        migrations: versions,
      },
      origin,
    ),
    files,
    support,
  }
}

const order: readonly Stack[] = ['core', 'sessions', 'blockchain', 'integration']

/** Keeps the last of each service: tools come with both releases. */
const unique = () => {
  const seen = new Set<string>()
  return ({ service }: ReleaseImage): boolean => !seen.has(service) && seen.add(service) !== undefined
}
