import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import canonicalize from 'canonicalize'
import { Fault } from '../process/fault.ts'
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

const readJson = (bytes: Uint8Array, what: string): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new Fault('invalid', `${what}-not-json`, `${what} is not JSON in UTF-8`, { cause })
  }
}

/**
 * A reader of one kind of document: bytes that are exactly the canonical JSON of a value of the schema, nothing
 * else (no unknown or repeated field, no other spelling). `what` names the document in faults and in their
 * codes: `<what>-not-json`, `<what>-schema`, `<what>-not-canonical`.
 */
export const canonicalReader = <S extends TSchema>(
  what: string,
  schema: S,
): ((bytes: Uint8Array) => Static<S>) => {
  let checker: ReturnType<typeof TypeCompiler.Compile<S>> | undefined
  return (bytes) => {
    checker ??= TypeCompiler.Compile(schema)
    const value = readJson(bytes, what)
    const error = checker.Errors(value).First()
    if (error !== undefined)
      throw new Fault(
        'invalid',
        `${what}-schema`,
        `${what} ${error.path || '/'}: ${error.message.toLowerCase()}`,
      )
    if (!equalBytes(canonicalBytes(value), bytes))
      throw new Fault('invalid', `${what}-not-canonical`, `${what} is not canonical JSON (RFC 8785)`)
    return value as Static<S>
  }
}
