import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import canonicalize from 'canonicalize'
import { Fault, isFault } from '../process/fault.ts'
import { parseJson, SMALL_JSON } from '../stream/bounded-json.ts'
import { equalBytes, utf8 } from '../stream/bytes.ts'

/** RFC 8785 canonical JSON of a value, as UTF-8. Throws Fault `not-json` for what JSON cannot say. */
export const canonicalBytes = (value: unknown): Uint8Array<ArrayBuffer> => {
  try {
    const text = canonicalize(value)
    if (text !== undefined) return utf8(text)
  } catch (cause) {
    throw new Fault('invalid', 'not-json', 'this value has no canonical JSON form', { cause })
  }
  throw new Fault('invalid', 'not-json', 'this value has no canonical JSON form')
}

/** What a document may need at most: bytes, levels, and values and names in so many bytes. */
export type DocumentBounds = { readonly size: number; readonly depth: number; readonly parts: (size: number) => number }

/** Every document but the manifest and the anchor. */
export const SMALL_DOCUMENT: DocumentBounds = {
  size: 64 * 1024,
  depth: SMALL_JSON.depth,
  parts: () => SMALL_JSON.parts,
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** True when the bytes are the canonical JSON of the value, compared piece by piece: a manifest is not written twice. */
const isCanonical = (whole: unknown, bytes: Uint8Array): boolean => {
  let at = 0
  const follows = (piece: Uint8Array): boolean => {
    at += piece.length
    return equalBytes(bytes.subarray(at - piece.length, at), piece)
  }
  const members = (value: Readonly<Record<string, unknown>>): boolean =>
    Object.keys(value)
      .toSorted()
      .every((name, index) => follows(utf8(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`)) && walk(value[name]))
  const walk = (value: unknown): boolean => {
    if (!isObject(value) || !Object.values(value).some(isObject)) return follows(canonicalBytes(value))
    if (!Array.isArray(value)) return follows(utf8('{')) && members(value) && follows(utf8('}'))
    return value.every((one, index) => follows(utf8(index === 0 ? '[' : ',')) && walk(one)) && follows(utf8(']'))
  }
  return walk(whole) && at === bytes.length
}

/** A path may repeat the name of a field that a forger made up. */
const LONGEST_PATH = 100

/** A sentence of the schema checker as part of ours; patterns in it keep their capitals. */
const lowerFirst = (text: string): string => `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`

const readJson = (bytes: Uint8Array, what: string, bounds: DocumentBounds): unknown => {
  if (bytes.length > bounds.size)
    throw new Fault('invalid', `${what}-too-large`, `${what} has ${bytes.length} bytes: too large to be one`)
  try {
    return parseJson(bytes, { depth: bounds.depth, parts: bounds.parts(bytes.length) })
  } catch (cause) {
    const why = isFault(cause, 'json-bounds') ? `too large to be one: ${cause.message}` : 'not JSON in UTF-8'
    throw new Fault('invalid', `${what}-not-json`, `${what} is ${why}`, { cause })
  }
}

/**
 * A reader of one kind of document: bytes that are exactly the canonical JSON of a value of the schema, nothing
 * else (no unknown or repeated field, no other spelling), within its bounds. `what` names the document in faults
 * and in their codes: `<what>-too-large`, `<what>-not-json`, `<what>-schema`, `<what>-not-canonical`.
 */
export const canonicalReader = <S extends TSchema>(
  what: string,
  schema: S,
  bounds: DocumentBounds = SMALL_DOCUMENT,
): ((bytes: Uint8Array) => Static<S>) => {
  let checker: ReturnType<typeof TypeCompiler.Compile<S>> | undefined
  return (bytes) => {
    checker ??= TypeCompiler.Compile(schema)
    const value = readJson(bytes, what, bounds)
    if (!checker.Check(value)) {
      const { path = '', message = 'is not valid' } = checker.Errors(value).First() ?? {}
      throw new Fault(
        'invalid',
        `${what}-schema`,
        `${what} ${path.slice(0, LONGEST_PATH) || '/'}: ${lowerFirst(message)}`,
      )
    }
    if (!isCanonical(value, bytes))
      throw new Fault('invalid', `${what}-not-canonical`, `${what} is not canonical JSON (RFC 8785)`)
    return value
  }
}
