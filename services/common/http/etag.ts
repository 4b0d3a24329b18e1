import { sha256 } from '@noble/hashes/sha2.js'
import { Fault } from '../process/fault.ts'
import { utf8 } from '../stream/bytes.ts'

/** A strong entity tag (RFC 9110, 8.8.3) of what a resource answers as JSON. */
export const entityTag = (value: unknown): string =>
  `"${Buffer.from(sha256(utf8(JSON.stringify(value))))
    .toString('base64url')
    .slice(0, 27)}"`

/** Longest list of tags that is read. */
const LONGEST = 4_096

const parseTags = (header: string): readonly string[] => {
  if (
    header.length > LONGEST ||
    !/^(?:\*|(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*)$/.test(header)
  )
    throw new Fault('invalid', 'bad-entity-tags', 'give entity tags as they were answered, "..." and commas between')
  return header.match(/\*|(?:W\/)?"[^"]*"/g) ?? []
}

/** True when If-None-Match names the tag, or is `*`: the caller has it already. Compares weakly, as RFC 9110 wants it. */
export const isKnown = (header: string | null, tag: string): boolean =>
  header !== null && parseTags(header).some((each) => each === '*' || each.replace(/^W\//, '') === tag)

/**
 * Passes when there is no If-Match or it names the tag, strongly; `tag` undefined = nothing is there yet, which none names.
 * Throws Fault precondition `changed-meanwhile`.
 */
export const requireMatch = (header: string | null, tag: string | undefined): void => {
  if (header === null) return
  const tags = parseTags(header)
  if (tag !== undefined && tags.some((each) => each === '*' || each === tag)) return
  throw new Fault('precondition', 'changed-meanwhile', 'it changed since you read it: read it again')
}
