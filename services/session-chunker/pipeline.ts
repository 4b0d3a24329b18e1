import { FLAG_LAST, FLAG_ZSTD } from '#common/evidence/chunk-file'
import { backoff, retry } from '#common/process/backoff'
import { Fault } from '#common/process/fault'
import { arrivals } from '#common/stream/arrivals'
import type { BufferPool } from '#common/stream/buffer-pool'
import { free } from '#common/stream/bytes'
import type { Limiter } from '#common/stream/limiter'
import { type Cut, cutter } from './cut.ts'
import type { Encryptor, Writer } from './encryptor.ts'
import { asFault, flights } from './flights.ts'
import type { Streamed } from './model.ts'
import { acknowledge, checkEnd, describePosition, startPosition } from './position.ts'
import { type Compress, shrink } from './shrink.ts'

export type PipelineParts = {
  readonly encryptor: Encryptor
  readonly compress: Compress
  readonly level: number
  /** One for the whole process: bounds memory whatever the number of sessions. */
  readonly slot: Limiter
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  /** The process's buffers for chunks of a size. */
  readonly pool: (chunkSize: number) => BufferPool
}

/** One session's way through the chunker. */
export type Pipeline = {
  /** Takes a piece whose last byte came from the source at `cameAt`, epoch ms. */
  readonly push: (piece: Uint8Array, cameAt: number) => Promise<void>
  /** Sends one chunk that was cut elsewhere and waits until it is durable. */
  readonly pushWhole: (cut: Cut, cameAt: number) => Promise<void>
  /** Sends what is left as the final chunk, with the last flag unless `broken`, and waits until all is durable. */
  readonly end: (how: 'true' | 'broken') => Promise<void>
  readonly state: () => Streamed
  readonly failure: () => Fault | undefined
  readonly drop: () => void
}

/** How often an encryptor that is away is asked for one chunk, and the pauses between, ms. */
const TRIES = 41
const PAUSES = { first: 50, most: 1_000 } as const

/** A full disk is for the source to wait out, who must hear of it; all else that is away comes back soon. */
const isPassing = (fault: Fault): boolean => fault.kind === 'unavailable' && fault.code !== 'disk-full'

type ChunkPlace = {
  readonly session: string
  readonly index: number
  readonly epoch: number
  readonly last_byte_at: number
}

/** Compresses one chunk and sends it until the encryptor has acknowledged it, or `signal` says that it is over. Its buffer goes back to the pool. */
const sendChunk = async (
  place: ChunkPlace,
  { bytes, last, broken = false }: Cut,
  { encryptor, compress, level, pause }: PipelineParts,
  { pool, signal }: { readonly pool: BufferPool; readonly signal: AbortSignal },
): Promise<void> => {
  const packed = await shrink(bytes, level, compress)
  const plain = bytes.length
  if (packed) pool.give(bytes)
  const flags = (packed ? FLAG_ZSTD : 0) | (last ? FLAG_LAST : 0)
  await retry(() => encryptor.encrypt({ ...place, flags, plain, broken }, packed ?? bytes, signal), {
    tries: TRIES,
    isPassing: (error) => !signal.aborted && isPassing(asFault(error)),
    delay: (failures) => backoff(failures - 1, PAUSES),
    pause,
  })
  if (packed) free(packed)
  else pool.give(bytes)
}

/** A pipeline that goes on where the encryptor stands. `writer` must be fresh: it fences whoever wrote before. */
export const pipeline = (session: string, writer: Writer, parts: PipelineParts): Pipeline => {
  const { epoch, chunk_size } = writer
  const pool = parts.pool(chunk_size)
  const cuts = cutter(chunk_size, pool)
  const { begin, landed, check, failure, abandon } = flights(parts.slot)
  const came = arrivals(writer.total_plain, writer.last_byte_at)
  let position = startPosition(writer)

  /** Resolves when the chunk has its slot: the next one may then be cut. */
  const dispatch = (cut: Cut): Promise<void> => {
    const index = position.next
    const plain = cut.bytes.length
    const end = index * chunk_size + plain
    const last_byte_at = came.timeOf(end) ?? parts.now()
    came.forget(end)
    position = { ...position, next: index + 1 }
    return begin(async (signal) => {
      await sendChunk({ session, index, epoch, last_byte_at }, cut, parts, { pool, signal })
      position = acknowledge(position, { index, plain, last: cut.last, lastByteAt: last_byte_at })
    })
  }

  return {
    push: async (piece, cameAt) => {
      check()
      const received = position.received + piece.length
      came.add(received, cameAt)
      for (const cut of cuts.push(piece)) {
        await dispatch(cut)
        check()
      }
      position = { ...position, received }
    },
    pushWhole: async (cut, cameAt) => {
      const received = position.received + cut.bytes.length
      came.add(received, cameAt)
      position = { ...position, received }
      await dispatch(cut)
      await landed()
    },
    end: async (how) => {
      const cut = cuts.end(how)
      checkEnd(position, how, cut)
      if (cut) await dispatch(cut)
      await landed()
    },
    state: () => describePosition(session, position),
    failure,
    drop: () => {
      abandon(new Fault('conflict', 'restarted', 'the stream was started anew'))
      cuts.drop()
    },
  }
}
