import type { BufferPool } from '#common/stream/buffer-pool'

/** A chunk cut from the stream, in a buffer of its own. */
export type Cut = {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly last: boolean
  /** The final chunk of a stream that broke off: it may be short and does not carry the last flag. */
  readonly broken?: boolean
}

/**
 * Cuts a byte stream into chunks of `size` bytes; only the last may be shorter. A full chunk is given out
 * only when a further byte or the end has come: before that nobody knows whether it is the last.
 */
export type Cutter = {
  /** Takes a piece and gives out the chunks that it completes. */
  readonly push: (piece: Uint8Array) => Generator<Cut>
  /** The final chunk; undefined when there is no byte left. */
  readonly end: (how: 'true' | 'broken') => Cut | undefined
  readonly buffered: () => number
  /** Gives the memory back; the cutter is unusable afterwards. */
  readonly drop: () => void
}

/** A cutter for chunks of `size` bytes, in buffers of a pool of that size. */
export const cutter = (size: number, pool: BufferPool): Cutter => {
  let buffer: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  const take = (last: boolean): Cut | undefined => {
    if (buffer === undefined || filled === 0) return undefined
    const bytes = filled === size ? buffer : buffer.slice(0, filled)
    if (filled < size) pool.give(buffer)
    buffer = undefined
    filled = 0
    return { bytes, last }
  }
  return {
    *push(piece) {
      for (let at = 0; at < piece.length; ) {
        if (filled === size) {
          const cut = take(false)
          if (cut) yield cut
        }
        buffer ??= pool.take()
        const part = piece.subarray(at, at + size - filled)
        buffer.set(part, filled)
        filled += part.length
        at += part.length
      }
    },
    end: (how) => {
      const cut = take(how === 'true')
      return cut && how === 'broken' ? { ...cut, broken: true } : cut
    },
    buffered: () => filled,
    drop: () => {
      if (buffer) pool.give(buffer)
      buffer = undefined
      filled = 0
    },
  }
}
