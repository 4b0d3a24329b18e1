import { Fault } from '#common/process/fault'
import type { Cut } from './cut.ts'
import type { Writer } from './encryptor.ts'
import type { Streamed } from './model.ts'

/** Where a session's stream stands: what was taken in, and what of it the encryptor has acknowledged. */
export type Position = {
  readonly next: number
  readonly received: number
  readonly chunkSize: number
  readonly durable: {
    readonly chunks: number
    readonly bytes: number
    readonly last: boolean
    /** When the last durable byte came from its source, epoch ms. */
    readonly lastByteAt: number | undefined
  }
}

/** The position of a fresh writer: all that is received is durable. */
export const startPosition = ({
  chunk_size,
  chunk_count,
  total_plain,
  last,
  last_byte_at,
}: Omit<Writer, 'epoch'>): Position => ({
  next: chunk_count,
  received: total_plain,
  chunkSize: chunk_size,
  durable: { chunks: chunk_count, bytes: total_plain, last, lastByteAt: last_byte_at },
})

/** Chunk `index` of `plain` bytes became durable; chunks may do so in any order of their answers. */
export const acknowledge = (
  position: Position,
  {
    index,
    plain,
    last,
    lastByteAt,
  }: { readonly index: number; readonly plain: number; readonly last: boolean; readonly lastByteAt: number },
): Position => {
  const { chunks, bytes, last: ended, lastByteAt: before } = position.durable
  return {
    ...position,
    durable: {
      chunks: Math.max(chunks, index + 1),
      bytes: bytes + plain,
      last: ended || last,
      lastByteAt: index < chunks ? before : lastByteAt,
    },
  }
}

/** The position as callers see it. */
export const describePosition = (session: string, { received, chunkSize, durable }: Position): Streamed => ({
  session,
  received,
  acknowledged: durable.bytes,
  chunk_count: durable.chunks,
  complete: durable.last,
  chunk_size: chunkSize,
  ...(durable.lastByteAt === undefined ? {} : { last_byte_at: durable.lastByteAt }),
})

/** Throws Fault `chunk-length` for a whole chunk that has not the size of one. */
export const checkWholeChunk = ({ bytes, last }: Cut, chunkSize: number): void => {
  if (bytes.length === chunkSize || (last && bytes.length < chunkSize)) return
  throw new Fault('invalid', 'chunk-length', `a chunk has ${chunkSize} bytes; only the last may be shorter`)
}

/** Throws Fault `empty-recording`, `tail-missing` when a complete recording would end without a last chunk. */
export const checkEnd = ({ next, durable }: Position, how: 'true' | 'broken', cut: Cut | undefined): void => {
  if (cut !== undefined || how === 'broken') return
  if (next === 0) throw new Fault('invalid', 'empty-recording', 'a recording of zero bytes: there is nothing to prove')
  if (!durable.last)
    throw new Fault('conflict', 'tail-missing', 'the last bytes are not here any more; send them again', {
      extra: { acknowledged: durable.bytes },
    })
}
