import { posix } from 'node:path'
import type { Stack } from '#catalog'
import type { ReleaseImage } from './release.ts'
import {
  type Bundle,
  composeFile,
  type Origin,
  type ReleaseContent,
  type SchemaVersion,
  sortUnique,
} from './release.ts'
import { hashText, hashTexts, makeRelease } from './release-json.ts'
import { renderStack } from './render.ts'

/** What a release is made of, read from a checkout or planted by a test. */
export type Parts = {
  readonly platform: string
  readonly dir: string
  readonly stacks: readonly {
    readonly stack: Stack
    readonly text: string
    readonly env: Readonly<Record<string, string>>
  }[]
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

const shortHash = (text: string): string => hashText(text).slice(0, 16)

/** A text as a script of sh writes it: with a line feed at its end. */
const endWithLineFeed = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

/** Makes a release with all texts of its files. Throws RangeError when a Compose file mounts what is not among `mounted`. */
export const assemble = (parts: Parts, origin: Origin): Bundle => {
  const mounts = Object.fromEntries(
    Object.entries(parts.mounted)
      .map(([path, mounted]) => [path, endWithLineFeed(mounted)] as const)
      .map(([path, text]) => [
        posix.normalize(path),
        { path: `files/${shortHash(text)}/${posix.basename(path)}`, text },
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
      support: Object.fromEntries(Object.entries(mounts).map(([from, { path }]) => [from, path])),
      identities: shortHash(sortUnique(parts.identities).join('\n')),
      digest: shortHash,
    }),
  )
  const files = Object.fromEntries(rendered.map(({ stack, text }) => [composeFile(stack.stack), text]))
  const support = Object.fromEntries(Object.values(mounts).map(({ path, text }) => [path, text]))
  const members = rendered.flatMap(({ stack }) => stack.members)
  const content: ReleaseContent = {
    format: 'lucid/release/v1',
    platform: parts.platform,
    images: parts.images,
    stock: members
      .filter(({ service }) => names[service] === undefined)
      .map(({ service, image }) => ({ service, name: image })),
    stacks: rendered.map(({ stack }) => stack),
    files: hashTexts(files),
    support: hashTexts(support),
    secrets: sortUnique(rendered.flatMap(({ secrets }) => secrets)),
    networks: sortUnique(rendered.flatMap(({ networks }) => networks)),
    volumes: sortUnique(rendered.flatMap(({ volumes }) => volumes)),
    migrations: parts.migrations,
  }
  return { release: makeRelease(content, origin), files, support }
}
