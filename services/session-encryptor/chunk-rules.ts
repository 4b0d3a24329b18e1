import { type ChunkHeader, FLAG_LAST, FLAG_ZSTD } from '#common/evidence/chunk-file'
import { sessionIdBytes } from '#common/evidence/session-id'
import type { ChunkRecord } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import { fromHex } from '#common/stream/bytes'
import type { EncryptQuery, Progress } from './model.ts'
import type { ChunkDoc } from './store.ts'

/** Throws Fault `sealed` unless somebody may still write to the session. */
export const checkOpen = ({ sealed }: Progress): void => {
  if (sealed) throw new Fault('conflict', 'sealed', 'this session is sealed; a new recording needs a new session')
}

/** Throws Fault `session-too-large` unless the session takes a further chunk of this size. */
export const checkRoom = (query: EncryptQuery, { total_plain }: Progress, maxSessionBytes: number): void => {
  if (total_plain + query.plain > maxSessionBytes)
    throw new Fault('too-large', 'session-too-large', `a session holds at most ${maxSessionBytes} bytes`)
}

/** Throws Fault `chunk-flags`, `chunk-length` unless `stored` bytes fit what the query says of the chunk. */
export const checkShape = (query: EncryptQuery, stored: number, chunkSize: number): void => {
  const { flags, plain } = query
  const isLast = (flags & FLAG_LAST) !== 0
  if ((flags & ~(FLAG_LAST | FLAG_ZSTD)) !== 0)
    throw new Fault('invalid', 'chunk-flags', 'only the flags zstd (1) and last (128) exist')
  const isWhole = plain === chunkSize || isLast || query.broken === 'true'
  if (plain < 1 || plain > chunkSize || !isWhole)
    throw new Fault('invalid', 'chunk-length', `only the last chunk may be shorter than ${chunkSize} bytes`)
  if ((flags & FLAG_ZSTD) === 0 ? stored !== plain : stored < 1 || stored >= plain)
    throw new Fault('invalid', 'chunk-length', `${stored} bytes came, which do not fit ${plain} plain bytes`)
}

/** Whether a chunk was announced as this record says. */
export const isAnnouncedAs = ({ flags, plain, broken = 'false' }: EncryptQuery, record: ChunkDoc): boolean =>
  flags === record.flags && plain === record.plain && (broken === 'true') === (record.broken ?? false)

/** The header that a chunk's file must have: everything in it is in the record. */
export const expectedHeader = ({ session, index, flags, plain, comp, nonce }: ChunkDoc): ChunkHeader => ({
  sessionId: sessionIdBytes(session),
  index,
  flags,
  plainLength: plain,
  compLength: comp,
  nonce: fromHex(nonce, 24),
})

/** The public part of a chunk's record. */
export const publicRecord = (doc: ChunkDoc): ChunkRecord => {
  const { index, flags, plain, comp, cipher, leaf, sha256, nonce, at } = doc
  return { index, flags, plain, comp, cipher, leaf, sha256, nonce, at }
}
