import { keccak_256 } from '@noble/hashes/sha3.js'
import { Fault } from '../process/fault.ts'
import { fromHex, utf8 } from '../stream/bytes.ts'
import { sessionIdBytes32, sessionIdFromBytes32 } from './session-id.ts'

/**
 * What is said to LucidAnchors and heard from it. Every argument and result is a fixed-size value, so each is
 * one 32-byte word in order (Contract ABI Specification, "Formal specification of the encoding"). Hex is
 * lower case without prefix everywhere in this file.
 */

/** What the chain keeps of a session. Hashes are 32 bytes, `owner` is 20, `started_at` epoch milliseconds. */
export type AnchorContent = {
  readonly manifest_hash: string
  readonly started_at: number
  readonly owner: string
  readonly merkle_root: string
  readonly chunk_count: number
}

/** A log as the ledger keeps it; `data` and `topics` as hex. */
export type RawLog = { readonly topics: readonly string[]; readonly data: string }

const hashSignature = (signature: string) => keccak_256(utf8(signature)).toHex()
const selectFunction = (signature: string) => hashSignature(signature).slice(0, 8)

/** Topic 0 of `SessionRegistered`. */
export const SESSION_REGISTERED = hashSignature('SessionRegistered(bytes32,bytes32,uint64,address,bytes32,uint32)')
/** Topic 0 of `ChunkAnchored`. */
export const CHUNK_ANCHORED = hashSignature('ChunkAnchored(bytes32,uint32,bytes32)')

const REGISTER_SESSION = selectFunction('registerSession(bytes32,bytes32,uint64,address,bytes32,uint32)')
const SESSIONS = selectFunction('sessions(bytes32)')

/** Calldata of `registrar()`: the one account that may register sessions. */
export const REGISTRAR_CALL = selectFunction('registrar()')

/** A type of the ABI. `decode` answers undefined for a word that is no value of it. */
type Word<T> = { readonly encode: (value: T) => string; readonly decode: (word: string) => T | undefined }

const bytes32: Word<string> = { encode: (hash) => fromHex(hash, 32).toHex(), decode: (word) => word }

const address: Word<string> = {
  encode: (account) => fromHex(account, 20).toHex().padStart(64, '0'),
  decode: (word) => (word.startsWith('0'.repeat(24)) ? word.slice(24) : undefined),
}

/** As numbers: what does not fit into 53 bits is no time, count or block of ours. */
const uint = (bits: 32 | 64): Word<number> => {
  const fits = (value: number) => Number.isSafeInteger(value) && value >= 0 && value < 2 ** bits
  return {
    encode: (value) => {
      if (!fits(value)) throw new Fault('invalid', 'uint-range', `not an unsigned ${bits}-bit integer: ${value}`)
      return value.toString(16).padStart(64, '0')
    },
    decode: (word) => {
      const value = Number(`0x${word}`)
      return fits(value) ? value : undefined
    },
  }
}

type Values<W> = { readonly [K in keyof W]: W[K] extends Word<infer T> ? T : never }

const decodeWords = <const W extends readonly (Word<string> | Word<number>)[]>(hex: string, types: W, what: string) => {
  const words = /^(?:[0-9a-f]{64})*$/.test(hex) ? (hex.match(/.{64}/g) ?? []) : []
  const values = types.map(({ decode }, at) => decode(words[at] ?? ''))
  if (words.length !== types.length || values.includes(undefined))
    throw new Fault('invalid', 'abi-malformed', `${what} does not follow the LucidAnchors ABI`)
  return values as unknown as Values<W>
}

/** Calldata of `registerSession` for one session. Throws Fault `invalid` for values that do not fit. */
export const encodeRegisterSession = (sessionId: string, content: AnchorContent): string =>
  [
    REGISTER_SESSION,
    sessionIdBytes32(sessionId),
    bytes32.encode(content.manifest_hash),
    uint(64).encode(content.started_at),
    address.encode(content.owner),
    bytes32.encode(content.merkle_root),
    uint(32).encode(content.chunk_count),
  ].join('')

/** Calldata of `sessions(bytes32)`. */
export const encodeSessionsCall = (sessionId: string): string => SESSIONS + sessionIdBytes32(sessionId)

/** The answer of `registrar()`: 20 bytes of hex. Throws Fault `invalid` when it is no address word. */
export const decodeRegistrar = (data: string): string => decodeWords(data, [address], 'the answer of registrar()')[0]

/** What the contract answers for a registered session; the block is where it was registered. */
export type StoredAnchor = AnchorContent & { readonly block_number: number }

/** The answer of `sessions(bytes32)`; undefined (all words zero) for a session that is not registered. */
export const decodeSessions = (data: string): StoredAnchor | undefined => {
  const types = [bytes32, bytes32, address, uint(64), uint(32), uint(64)] as const
  const [manifest_hash, merkle_root, owner, started_at, chunk_count, block_number] = decodeWords(
    data,
    types,
    'the answer of sessions(bytes32)',
  )
  if (chunk_count === 0) return undefined
  return { manifest_hash, merkle_root, owner, started_at, chunk_count, block_number }
}

export type Registered = { readonly session_id: string } & AnchorContent

/** A `SessionRegistered` log; undefined for others and ids that are no UUIDv4. Throws Fault `invalid` if malformed. */
export const decodeRegistered = ({ topics, data }: RawLog): Registered | undefined => {
  const what = 'a SessionRegistered log'
  const [event, ...indexed] = topics
  if (event !== SESSION_REGISTERED) return undefined
  const [id, owner] = decodeWords(indexed.join(''), [bytes32, address], what)
  const session_id = sessionIdFromBytes32(id)
  if (session_id === undefined) return undefined
  const types = [bytes32, uint(64), bytes32, uint(32)] as const
  const [manifest_hash, started_at, merkle_root, chunk_count] = decodeWords(data, types, what)
  return { session_id, manifest_hash, started_at, owner, merkle_root, chunk_count }
}

export type ChunkAnchored = { readonly session_id: string; readonly index: number; readonly leaf: string }

/** A `ChunkAnchored` log: sessionId and index are indexed, the leaf is data. Otherwise as `decodeRegistered`. */
export const decodeChunkAnchored = ({ topics, data }: RawLog): ChunkAnchored | undefined => {
  const what = 'a ChunkAnchored log'
  const [event, ...indexed] = topics
  if (event !== CHUNK_ANCHORED) return undefined
  const [id, index] = decodeWords(indexed.join(''), [bytes32, uint(32)], what)
  const session_id = sessionIdFromBytes32(id)
  if (session_id === undefined) return undefined
  const [leaf] = decodeWords(data, [bytes32], what)
  return { session_id, index, leaf }
}

/** True when two anchors say the same about a session. */
export const sameContent = (a: AnchorContent, b: AnchorContent): boolean =>
  a.manifest_hash === b.manifest_hash &&
  a.started_at === b.started_at &&
  a.owner === b.owner &&
  a.merkle_root === b.merkle_root &&
  a.chunk_count === b.chunk_count
