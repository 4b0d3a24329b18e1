import { type Static, Type } from '@sinclair/typebox'
import { utf8 } from '../stream/bytes.ts'
import { canonicalReader, type DocumentBounds } from './canonical-json.ts'
import { chunkKey } from './chunk-key.ts'
import { Hex32 } from './fields.ts'
import { sessionIdBytes } from './session-id.ts'

const strict = { additionalProperties: false } as const

/** keys.json: the session key in clear, only in a bundle that its owner asked for with keys. */
export const SessionKeys = Type.Object({ session_key: Hex32 }, strict)
export type SessionKeys = Static<typeof SessionKeys>

const Index = Type.String({ pattern: '^(?:0|[1-9][0-9]{0,6})$' })

/** keys.json of a partial disclosure: the keys of some chunks, by their index. */
export const ChunkKeys = Type.Object({ chunk_keys: Type.Record(Index, Hex32, { ...strict, minProperties: 1 }) }, strict)
export type ChunkKeys = Static<typeof ChunkKeys>

export type Keys = SessionKeys | ChunkKeys

/** A hundred thousand keys, of 71 bytes each with their index; a session key is the smallest of them. */
export const KEYS_BOUNDS: DocumentBounds = {
  size: 8 * 1024 * 1024,
  depth: 2,
  parts: (size) => 8 + Math.floor(size / 32),
}

const readSessionKeys = canonicalReader('keys', SessionKeys)
const readChunkKeys = canonicalReader('keys', ChunkKeys, KEYS_BOUNDS)
const CHUNK_KEYS = utf8('{"chunk_keys":')

/** Strict reader of keys.json. Throws Fault `keys-too-large`, `keys-not-json`, `keys-schema`, `keys-not-canonical`. */
export const parseKeys = (bytes: Uint8Array): Keys =>
  CHUNK_KEYS.every((byte, at) => bytes[at] === byte) ? readChunkKeys(bytes) : readSessionKeys(bytes)

/** What gives the key (32 bytes) of a chunk by its index, undefined where the keys do not cover it. */
export const chunkKeysFor = (keys: Keys, session: string): ((index: number) => Uint8Array<ArrayBuffer> | undefined) => {
  if ('session_key' in keys) {
    const [sessionKey, id] = [Uint8Array.fromHex(keys.session_key), sessionIdBytes(session)]
    return (index) => chunkKey(sessionKey, id, index)
  }
  const given = keys.chunk_keys
  return (index) => {
    const key = given[String(index)]
    return key === undefined ? undefined : Uint8Array.fromHex(key)
  }
}
