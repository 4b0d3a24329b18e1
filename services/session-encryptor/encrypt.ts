import type { ChunkRecord } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import type { Limiter } from '#common/stream/limiter'
import { checkOpen, checkRoom, checkShape, isAnnouncedAs, publicRecord } from './chunk-rules.ts'
import { type CommitOrder, fenced } from './commit-order.ts'
import type { EncryptQuery } from './model.ts'
import { type SealedChunk, type SealParts, sealChunk } from './seal-chunk.ts'
import type { Sessions } from './sessions.ts'
import { type ChunkDoc, chunkId } from './store.ts'

/** Milliseconds a chunk waits for its predecessor before it is given up. */
const TURN = 30_000

export type EncryptParts = Omit<SealParts, 'sessionKey'> & {
  readonly sessions: Sessions
  /** Bounds the chunks in work. */
  readonly slot: Limiter
  readonly maxSessionBytes: number
  readonly findRecord: (session: string, index: number) => Promise<ChunkDoc | undefined>
  /** Whether these are the bytes that a chunk was made of. */
  readonly holds: (session: string, index: number, bytes: Uint8Array) => Promise<boolean>
}

type TakeBody = () => Promise<Uint8Array<ArrayBuffer>>

/**
 * Encrypts one chunk and answers its record once file, directory entry and record are durable. The same
 * chunk of the same writer again answers the record that exists, another one in its place is refused; while it is
 * being made it is waited for, since two ciphertexts of one chunk would race for its file. `take` gives the
 * (compressed) bytes in a buffer of their own, which goes to `spend`. Throws Fault `fenced`, `sealed`, `disk-full`,
 * `too-large`, `chunk-differs`.
 */
export const encryptChunk = (parts: EncryptParts) => {
  const inWork = new Map<string, Promise<unknown>>()
  return async (query: EncryptQuery, take: TakeBody): Promise<ChunkRecord> => {
    const name = `${chunkId(query.session, query.index)}/${query.epoch}`
    const before = inWork.get(name) ?? Promise.resolve()
    const work = before.then(() => encryptOnce(query, take, parts))
    const settled = work.catch(() => {})
    inWork.set(name, settled)
    return work.finally(() => {
      if (inWork.get(name) === settled) inWork.delete(name)
    })
  }
}

const chunkDiffers = (index: number) =>
  new Fault(
    'conflict',
    'chunk-differs',
    `chunk ${index} is durable with other content; ask for the session's progress and go on from there`,
  )

/** The record of a chunk that is durable already. Throws Fault `chunk-differs` unless this is the same one. */
const repeatRecord = async (
  query: EncryptQuery,
  take: TakeBody,
  record: ChunkDoc,
  { slot, holds, spend }: EncryptParts,
): Promise<ChunkRecord> => {
  const isSame = await slot(async () => {
    const bytes = await take()
    const same = isAnnouncedAs(query, record) && (await holds(query.session, query.index, bytes))
    spend(bytes)
    return same
  })
  if (!isSame) throw chunkDiffers(query.index)
  return publicRecord(record)
}

const encryptOnce = async (query: EncryptQuery, take: TakeBody, parts: EncryptParts): Promise<ChunkRecord> => {
  const { sessions, slot, maxSessionBytes, findRecord } = parts
  const { session, index, epoch } = query
  const order = await sessions.commitOrder(session)
  const progress = await sessions.progress(session)
  checkOpen(progress)
  // An earlier try of this chunk may have been committed after all.
  if (order.isUncertain() && index === order.next())
    await order.exclusively(async () => {
      if (order.isUncertain()) await settleOrder(session, order, sessions)
    })
  if (epoch === order.epoch() && index < order.next()) {
    const record = await findRecord(session, index)
    if (record?.epoch === epoch) return repeatRecord(query, take, record, parts)
  }
  if (epoch !== order.epoch() || index < order.next()) throw fenced()
  checkRoom(query, progress, maxSessionBytes)
  const sealed = await slot(async () => {
    const bytes = await take()
    checkShape(query, bytes.length, progress.chunk_size)
    return sealChunk(query, bytes, { ...parts, sessionKey: sessions.key })
  })
  try {
    await order.wait(epoch, index, TURN)
    return await order.exclusively(() => commitNext(query, sealed, order, parts))
  } catch (error) {
    await sealed.staged.discard()
    throw error
  }
}

/** Gives a sealed chunk its name and its record, or finds that an earlier try did so. Throws Fault `fenced`. */
const commitNext = async (
  { session, index, epoch, broken }: EncryptQuery,
  { record, staged }: SealedChunk,
  order: CommitOrder,
  { sessions, findRecord }: EncryptParts,
): Promise<ChunkRecord> => {
  if (epoch !== order.epoch()) throw fenced()
  if (order.isUncertain()) await settleOrder(session, order, sessions)
  if (index < order.next()) {
    // An earlier try was committed after all: its file belongs to its record and stays.
    const earlier = await findRecord(session, index)
    if (earlier?.epoch !== epoch) throw fenced()
    await staged.discard()
    return publicRecord(earlier)
  }
  await staged.commit()
  order.markUncertain()
  await sessions.commit(session, record, { isBroken: broken === 'true' })
  order.committed(index)
  return publicRecord(record)
}

/** Asks the store what became of a commit that was never answered. */
const settleOrder = async (session: string, order: CommitOrder, sessions: Sessions): Promise<void> => {
  const { epoch, chunk_count } = await sessions.settle(session)
  if (epoch !== order.epoch()) throw fenced()
  order.settle(chunk_count)
}
