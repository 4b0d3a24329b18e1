import type { ChunkRecord } from '#common/http/session-model'
import type { Limiter } from '#common/stream/limiter'
import { checkRoom, checkShape, publicRecord } from './chunk-rules.ts'
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
}

type TakeBody = () => Promise<Uint8Array<ArrayBuffer>>

/**
 * Encrypts one chunk and answers its record once file, directory entry and record are durable. The same
 * chunk of the same writer again answers the record that exists, or the one that is being made: two
 * ciphertexts of one chunk would race for its file. `take` gives the (compressed) bytes in a buffer of their
 * own, which goes to `spend`. Throws Fault `fenced`, `sealed`, `disk-full`, `too-large`.
 */
export const encryptChunk = (parts: EncryptParts) => {
  const inWork = new Map<string, Promise<ChunkRecord>>()
  return (query: EncryptQuery, take: TakeBody): Promise<ChunkRecord> => {
    const name = `${chunkId(query.session, query.index)}/${query.epoch}`
    const current = inWork.get(name)
    if (current) return current
    const work = encryptOnce(query, take, parts).finally(() => inWork.delete(name))
    inWork.set(name, work)
    return work
  }
}

const encryptOnce = async (
  query: EncryptQuery,
  take: TakeBody,
  parts: EncryptParts,
): Promise<ChunkRecord> => {
  const { sessions, slot, maxSessionBytes, findRecord } = parts
  const { session, index, epoch } = query
  const order = await sessions.commitOrder(session)
  const progress = await sessions.progress(session)
  checkRoom(query, progress, maxSessionBytes)
  if (epoch === order.epoch() && index < order.next()) {
    const record = await findRecord(session, index)
    if (record?.epoch === epoch) return publicRecord(record)
  }
  if (epoch !== order.epoch() || index < order.next()) throw fenced()
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
