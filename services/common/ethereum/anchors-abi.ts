import { keccak_256 } from '@noble/hashes/sha3.js'
import { isSessionId, sessionIdBytes32 } from '../evidence/session-id.ts'
import { Fault } from '../process/fault.ts'
import { fromHex, utf8 } from '../stream/bytes.ts'

/**
 * The few words of the Solidity ABI that anchoring needs. Every argument and result of LucidAnchors is a
 * fixed-size value, so each is one 32-byte word in order (Contract ABI Specification, "Formal
 * specification of the encoding"). Hex is lower case without prefix everywhere in this file.
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

const keccakHex = (text: string) => keccak_256(utf8(text)).toHex()

/** Topic 0 of `SessionRegistered`. */
export const SESSION_REGISTERED = keccakHex(
  'SessionRegistered(bytes32,bytes32,uint64,address,bytes32,uint32)',
)
/** Topic 0 of `ChunkAnchored`. */
export const CHUNK_ANCHORED = keccakHex('ChunkAnchored(bytes32,uint32,bytes32)')

const REGISTER_SESSION = keccakHex('registerSession(bytes32,bytes32,uint64,address,bytes32,uint32)').slice(
  0,
  8,
)
const SESSIONS = keccakHex('sessions(bytes32)').slice(0, 8)

/** The session id of a bytes32, or undefined when the word is none of ours. */
export const wordSession = (word: string): string | undefined => {
  const bytes = /^[0-9a-f]{32}(?=0{32}$)/.exec(word)?.[0]
  const id = bytes?.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
  return id !== undefined && isSessionId(id) ? id : undefined
}

const uintWord = (value: number, bits: 32 | 64): string => {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** bits)
    throw new Fault('invalid', 'uint-range', `not an unsigned ${bits}-bit integer: ${value}`)
  return value.toString(16).padStart(64, '0')
}

const addressWord = (address: string): string => fromHex(address, 20).toHex().padStart(64, '0')
const hashWord = (hash: string): string => fromHex(hash, 32).toHex()

/** Calldata of `registerSession` for one session. Throws Fault `invalid` for values that do not fit. */
export const encodeRegisterSession = (sessionId: string, content: AnchorContent): string =>
  [
    REGISTER_SESSION,
    sessionIdBytes32(sessionId),
    hashWord(content.manifest_hash),
    uintWord(content.started_at, 64),
    addressWord(content.owner),
    hashWord(content.merkle_root),
    uintWord(content.chunk_count, 32),
  ].join('')

/** Calldata of `sessions(bytes32)`. */
export const encodeSessionsCall = (sessionId: string): string => SESSIONS + sessionIdBytes32(sessionId)

/** Calldata of `registrar()`: the one account that may register sessions. */
export const REGISTRAR_CALL = keccakHex('registrar()').slice(0, 8)

const malformed = (what: string) =>
  new Fault('invalid', 'abi-malformed', `${what} does not follow the LucidAnchors ABI`)

const words = (hex: string, count: number, what: string): readonly string[] => {
  if (hex.length !== 64 * count || !/^[0-9a-f]*$/.test(hex)) throw malformed(what)
  return hex.match(/.{64}/g) ?? []
}

const wordAt = (list: readonly string[], index: number, what: string): string => {
  const word = list[index]
  if (word === undefined) throw malformed(what)
  return word
}

const wordUint = (word: string, what: string): number => {
  const value = BigInt(`0x${word}`)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what)
  return Number(value)
}

const wordAddress = (word: string, what: string): string => {
  if (!word.startsWith('0'.repeat(24))) throw malformed(what)
  return word.slice(24)
}

/** The answer of `registrar()`: 20 bytes of hex. Throws Fault `invalid` when it is no address word. */
export const decodeRegistrar = (data: string): string => {
  const what = 'the answer of registrar()'
  return wordAddress(wordAt(words(data, 1, what), 0, what), what)
}

/** What the contract answers for a registered session; the block is where it was registered. */
export type StoredAnchor = AnchorContent & { readonly block_number: number }

/**
 * The answer of `sessions(bytes32)`: (manifestHash, merkleRoot, owner, startedAt, chunkCount, blockNumber),
 * or undefined for a session that is not registered (all words zero: a registered one has at least one chunk).
 */
export const decodeSessions = (data: string): StoredAnchor | undefined => {
  const what = 'the answer of sessions(bytes32)'
  const list = words(data, 6, what)
  const content = {
    manifest_hash: wordAt(list, 0, what),
    merkle_root: wordAt(list, 1, what),
    owner: wordAddress(wordAt(list, 2, what), what),
    started_at: wordUint(wordAt(list, 3, what), what),
    chunk_count: wordUint(wordAt(list, 4, what), what),
    block_number: wordUint(wordAt(list, 5, what), what),
  }
  return content.chunk_count === 0 ? undefined : content
}

export type Registered = { readonly session_id: string } & AnchorContent

/**
 * A `SessionRegistered` log: sessionId and owner are indexed, the rest is data in order. Undefined for other
 * events and for ids that are no UUIDv4. Throws Fault `invalid` when the log is of that event but malformed.
 */
export const decodeRegistered = (log: RawLog): Registered | undefined => {
  const what = 'a SessionRegistered log'
  if (log.topics[0] !== SESSION_REGISTERED) return undefined
  const session_id = wordSession(wordAt(log.topics, 1, what))
  if (session_id === undefined) return undefined
  const list = words(log.data, 4, what)
  return {
    session_id,
    manifest_hash: wordAt(list, 0, what),
    started_at: wordUint(wordAt(list, 1, what), what),
    owner: wordAddress(wordAt(log.topics, 2, what), what),
    merkle_root: wordAt(list, 2, what),
    chunk_count: wordUint(wordAt(list, 3, what), what),
  }
}

export type ChunkAnchored = { readonly session_id: string; readonly index: number; readonly leaf: string }

/** A `ChunkAnchored` log: sessionId and index are indexed, the leaf is data. Otherwise as `decodeRegistered`. */
export const decodeChunkAnchored = (log: RawLog): ChunkAnchored | undefined => {
  const what = 'a ChunkAnchored log'
  if (log.topics[0] !== CHUNK_ANCHORED) return undefined
  const session_id = wordSession(wordAt(log.topics, 1, what))
  if (session_id === undefined) return undefined
  return {
    session_id,
    index: wordUint(wordAt(log.topics, 2, what), what),
    leaf: wordAt(words(log.data, 1, what), 0, what),
  }
}

/** True when two anchors say the same about a session. */
export const sameContent = (a: AnchorContent, b: AnchorContent): boolean =>
  a.manifest_hash === b.manifest_hash &&
  a.started_at === b.started_at &&
  a.owner === b.owner &&
  a.merkle_root === b.merkle_root &&
  a.chunk_count === b.chunk_count
