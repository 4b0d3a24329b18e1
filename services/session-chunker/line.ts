import { FLAG_LAST, FLAG_ZSTD } from '#common/evidence/chunk-file'
import { backoff, retry } from '#common/process/backoff'
import { Fault } from '#common/process/fault'
import type { BufferPool } from '#common/stream/buffer-pool'
import { free } from '#common/stream/bytes'
import type { Limiter } from '#common/stream/limiter'
import { type Cut, type Cutter, cutter } from './cut.ts'
import type { Encryptor, Writer } from './encryptor.ts'
import type { Streamed } from './model.ts'
import { type Compress, shrink } from './shrink.ts'

export type LineParts = {
  readonly encryptor: Encryptor
  readonly compress: Compress
  readonly level: number
  /** One for the whole process: bounds memory whatever the number of sessions. */
  readonly slot: Limiter
  readonly pause: (ms: number) => Promise<void>
  /** The process's buffers for chunks of a size. */
  readonly pool: (chunkSize: number) => BufferPool
}

/** How often an encryptor that is away is asked for one chunk, and the pauses between, ms. */
const TRIES = 41
const PAUSES = { first: 50, most: 1_000 } as const

/** One session's way through the chunker: what was received, and how much of it is durable. */
export type Line = {
  readonly received: () => number
  readonly push: (piece: Uint8Array) => Promise<void>
  /** Sends one chunk that was cut elsewhere and waits until it is durable. */
  readonly whole: (cut: Cut) => Promise<void>
  /** Sends what is left as the final chunk, with the last flag unless `broken`, and waits until all is durable. */
  readonly end: (how: 'true' | 'broken') => Promise<void>
  readonly state: () => Streamed
  /** Why nothing more can be sent on this line. */
  readonly failure: () => Fault | undefined
  readonly drop: () => void
}

/** A full disk is for the source to wait out, who must hear of it; all else that is away comes back soon. */
const isPassing = (fault: Fault): boolean => fault.kind === 'unavailable' && fault.code !== 'disk-full'

/** Fetch ended a body early or the peer went away: for us the same as unreachable. */
const asFault = (error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault('unavailable', 'unreachable', 'session-encryptor broke off', { cause: error })

/** A line that goes on where the encryptor stands. `writer` must be fresh: it fences whoever wrote before. */
export const line = (session: string, writer: Writer, parts: LineParts): Line => {
  const { encryptor, compress, level, slot, pause } = parts
  const pool = parts.pool(writer.chunk_size)
  const cuts: Cutter = cutter(writer.chunk_size, pool)
  const spend = (bytes: Uint8Array<ArrayBuffer>) => pool.give(bytes)
  const flying = new Set<Promise<void>>()
  let index = writer.chunk_count
  let received = writer.total_plain
  let durable = { chunks: writer.chunk_count, bytes: writer.total_plain, last: writer.last }
  let failure: Fault | undefined

  const send = (chunk: Parameters<Encryptor['encrypt']>[0], bytes: Uint8Array<ArrayBuffer>) =>
    retry(() => encryptor.encrypt(chunk, bytes), {
      tries: TRIES,
      isPassing: (error) => failure === undefined && isPassing(asFault(error)),
      delay: (failures) => backoff(failures - 1, PAUSES),
      pause,
    })

  const work = async (at: number, { bytes, last, broken = false }: Cut): Promise<void> => {
    const plain = bytes.length
    const packed = await shrink(bytes, level, compress)
    if (packed) spend(bytes)
    const stored = packed ?? bytes
    const flags = (packed ? FLAG_ZSTD : 0) | (last ? FLAG_LAST : 0)
    await send({ session, index: at, epoch: writer.epoch, flags, plain, broken }, stored)
    if (packed) free(packed)
    else spend(bytes)
    durable = {
      chunks: Math.max(durable.chunks, at + 1),
      bytes: durable.bytes + plain,
      last: durable.last || last,
    }
  }

  const dispatch = (cut: Cut): Promise<void> => {
    const at = index++
    const { promise: started, resolve: begin } = Promise.withResolvers<void>()
    const flight: Promise<void> = slot(() => {
      begin()
      return failure ? Promise.reject(failure) : work(at, cut)
    })
      .catch((error) => {
        failure ??= asFault(error)
        begin()
      })
      .finally(() => flying.delete(flight))
    flying.add(flight)
    return started
  }

  const check = () => {
    if (failure) throw failure
  }

  return {
    received: () => received,
    push: async (piece) => {
      check()
      for (const cut of cuts.push(piece)) {
        await dispatch(cut)
        check()
      }
      received += piece.length
    },
    whole: async (cut) => {
      if (cut.bytes.length > writer.chunk_size || (!cut.last && cut.bytes.length < writer.chunk_size))
        throw new Fault(
          'invalid',
          'chunk-length',
          `a chunk has ${writer.chunk_size} bytes; only the last may be shorter`,
        )
      received += cut.bytes.length
      await dispatch(cut)
      await Promise.all(flying)
      check()
    },
    end: async (how) => {
      const cut = cuts.end(how)
      if (cut === undefined && index === 0 && how === 'true')
        throw new Fault('invalid', 'empty-recording', 'a recording of zero bytes: there is nothing to prove')
      if (cut === undefined && !durable.last && how === 'true')
        throw new Fault('conflict', 'tail-missing', 'the last bytes are not here any more; send them again', {
          extra: { acknowledged: durable.bytes },
        })
      if (cut) await dispatch(cut)
      await Promise.all(flying)
      check()
    },
    state: () => ({
      session,
      received,
      acknowledged: durable.bytes,
      chunk_count: durable.chunks,
      complete: durable.last,
    }),
    failure: () => failure,
    drop: () => {
      failure ??= new Fault('conflict', 'restarted', 'the stream was started anew')
      cuts.drop()
    },
  }
}
