import type { Aead } from '#common/engines/aead'
import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { aad, type ChunkHeader, encodeHeader, FLAG_LAST, FLAG_ZSTD } from '#common/evidence/chunk-file'
import { chunkKey } from '#common/evidence/chunk-key'
import { leafHash } from '#common/evidence/merkle'
import { sessionIdBytes } from '#common/evidence/session-id'
import type { ChunkRecord } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import { free } from '#common/stream/bytes'
import type { ChunkFolder } from './chunk-folder.ts'
import type { EncryptQuery } from './model.ts'
import type { Sessions } from './sessions.ts'
import type { ChunkDoc } from './store.ts'
import { chunkId } from './store.ts'
import { fenced, type Turns } from './turns.ts'

/** Milliseconds a chunk waits for its predecessor before it is given up. */
const TURN = 30_000

export type EncryptParts = {
  /** Gives the memory of a body back. */
  readonly spend: (body: Uint8Array<ArrayBuffer>) => void
  readonly sessions: Sessions
  readonly folder: ChunkFolder
  readonly aead: Aead
  readonly random: Random
  readonly now: () => number
  readonly maxSessionBytes: number
  readonly recordOf: (session: string, index: number) => Promise<ChunkDoc | undefined>
}

/** On a thread of its own: the main thread has the bodies, BLAKE3 and the store to serve. */
const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex()

/** The public part of a chunk's record. */
export const recordOf = ({
  index,
  flags,
  plain,
  comp,
  cipher,
  leaf,
  sha256,
  nonce,
  at,
}: ChunkDoc): ChunkRecord => ({
  index,
  flags,
  plain,
  comp,
  cipher,
  leaf,
  sha256,
  nonce,
  at,
})

const checkShape = (query: EncryptQuery, stored: number, chunkSize: number): void => {
  const { flags, plain } = query
  const last = (flags & FLAG_LAST) !== 0
  if ((flags & ~(FLAG_LAST | FLAG_ZSTD)) !== 0)
    throw new Fault('invalid', 'chunk-flags', 'only the flags zstd (1) and last (128) exist')
  const full = plain === chunkSize || last || query.broken === 'true'
  if (plain < 1 || plain > chunkSize || !full)
    throw new Fault('invalid', 'chunk-length', `only the last chunk may be shorter than ${chunkSize} bytes`)
  if ((flags & FLAG_ZSTD) === 0 ? stored !== plain : stored < 1 || stored >= plain)
    throw new Fault('invalid', 'chunk-length', `${stored} bytes came, which do not fit ${plain} plain bytes`)
}

type Slot = <R>(work: () => Promise<R>) => Promise<R>
type Take = () => Promise<Uint8Array<ArrayBuffer>>

/**
 * Encrypts one chunk and answers its record once file, directory entry and record are durable. The same
 * chunk of the same writer again answers the record that exists, or the one that is being made: two
 * ciphertexts of one chunk would race for its file. `take` gives the (compressed) bytes in a buffer of their
 * own, which goes to `spend`. Throws Fault `fenced`, `sealed`, `disk-full`, `too-large`.
 */
export const encryptChunk = (parts: EncryptParts) => {
  const once = encryptOnce(parts)
  const inWork = new Map<string, Promise<ChunkRecord>>()
  return (query: EncryptQuery, take: Take, slot: Slot): Promise<ChunkRecord> => {
    const name = `${chunkId(query.session, query.index)}/${query.epoch}`
    const known = inWork.get(name)
    if (known) return known
    const work = once(query, take, slot).finally(() => inWork.delete(name))
    inWork.set(name, work)
    return work
  }
}

const encryptOnce =
  ({ sessions, folder, aead, random, now, maxSessionBytes, recordOf: kept, spend }: EncryptParts) =>
  async (query: EncryptQuery, take: Take, slot: Slot): Promise<ChunkRecord> => {
    const settled = async (id: string, line: Turns): Promise<void> => {
      const at = await sessions.settle(id)
      if (at.epoch !== line.epoch()) throw fenced()
      line.settle(at.chunk_count)
    }
    const { session, index, epoch, flags } = query
    const line = await sessions.turns(session)
    const { chunk_size, total_plain, sealed } = await sessions.progress(session)
    if (sealed)
      throw new Fault('conflict', 'sealed', 'this session is sealed; a new recording needs a new session')
    if (total_plain + query.plain > maxSessionBytes)
      throw new Fault('too-large', 'session-too-large', `a session holds at most ${maxSessionBytes} bytes`)
    if (epoch === line.epoch() && index < line.next()) {
      const known = await kept(session, index)
      if (known?.epoch === epoch) return recordOf(known)
    }
    if (epoch !== line.epoch() || index < line.next()) throw fenced()

    const { record, staged } = await slot(async () => {
      const stored = await take()
      checkShape(query, stored.length, chunk_size)
      const id = sessionIdBytes(session)
      const header: ChunkHeader = {
        sessionId: id,
        index,
        flags,
        plainLength: query.plain,
        compLength: stored.length,
        nonce: random(24),
      }
      const key = chunkKey(await sessions.key(session), id, index)
      const cipher = await aead.seal({ key, nonce: header.nonce, aad: aad(header), plain: stored })
      key.fill(0)
      spend(stored)
      const hashing = sha256(cipher)
      const writing = folder.stage(session, index, epoch, [encodeHeader(header), cipher])
      const leaf = leafHash(blake3(cipher)).toHex()
      const [digest, written] = await Promise.all([hashing, writing])
      const made: ChunkDoc = {
        id: chunkId(session, index),
        session,
        epoch,
        index,
        flags,
        plain: query.plain,
        comp: header.compLength,
        cipher: cipher.length,
        leaf,
        sha256: digest,
        nonce: header.nonce.toHex(),
        at: now(),
      }
      free(cipher)
      return { record: made, staged: written }
    })

    try {
      await line.wait(epoch, index, TURN)
      return await line.alone(async () => {
        if (epoch !== line.epoch()) throw fenced()
        if (line.inDoubt()) await settled(session, line)
        if (index < line.next()) {
          // An earlier try was committed after all: its file belongs to its record and stays.
          const known = await kept(session, index)
          if (known?.epoch !== epoch) throw fenced()
          await staged.discard()
          return recordOf(known)
        }
        await staged.keep()
        line.doubt()
        await sessions.commit(session, record, query.broken === 'true')
        line.done(index)
        return recordOf(record)
      })
    } catch (error) {
      await staged.discard()
      throw error
    }
  }
