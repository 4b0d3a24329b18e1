import { sha256 } from '@noble/hashes/sha2.js'
import { Value } from '@sinclair/typebox/value'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { type JsonBounds, parseJson } from '#common/stream/bounded-json'
import { utf8 } from '#common/stream/bytes'
import { CliError } from '../../cli/fail.ts'
import { type Origin, Release, type ReleaseContent } from './release.ts'

/** release.json as it stands on a host. What is read from there ends up in scripts for its shell, so it is checked to the letter. */

/** sha256 of a text, hex. */
export const hashText = (text: string): string => sha256(utf8(text)).toHex()

/** sha256 of texts, each under the name that its text has. */
export const hashTexts = (texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, hashText(text)]))

const releaseId = (content: ReleaseContent): string => `r-${sha256(canonicalBytes(content)).toHex().slice(0, 12)}`

/** A release out of its content: the id follows from it. */
export const makeRelease = (content: ReleaseContent, origin: Origin): Release => ({
  ...content,
  id: releaseId(content),
  ...origin,
})

/** What the id of a release is made of: all but who made it, when and from what. */
export const releaseContent = (release: Release): ReleaseContent => {
  const { id, version, revision, madeBy, madeAt, signer, ...content } = release
  return content
}

/** Thirty images and as many files, with their settings, ten times over. */
const BOUNDS: JsonBounds = { depth: 16, parts: 100_000 }

/** Reads release.json. Throws CliError that names it, and what is wrong. */
export const parseRelease = (text: string, what: string): Release => {
  let read: unknown
  try {
    read = parseJson(text, BOUNDS)
  } catch (cause) {
    throw new CliError(`${what} is no JSON: bun run doctor`, { cause })
  }
  if (!Value.Check(Release, read)) {
    const first = Value.Errors(Release, read).First()
    throw new CliError(`${what} is no release: ${first?.path ?? ''} ${first?.message ?? ''}`)
  }
  if (releaseId(releaseContent(read)) !== read.id)
    throw new CliError(`${what} was changed: its content is not that of ${read.id}`)
  return read
}
