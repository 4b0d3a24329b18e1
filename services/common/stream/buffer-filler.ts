import type { BufferPool } from './buffer-pool.ts'

/** Copies pieces of any length into buffers of one size. */
export type BufferFiller = {
  /** Copies what fits of a piece; answers the rest, which is empty unless the buffer is full now. */
  readonly put: (piece: Uint8Array) => Uint8Array
  readonly filled: () => number
  readonly isFull: () => boolean
  /** The filled part of the buffer, which is the caller's from now on; undefined when nothing was put in. */
  readonly take: () => Uint8Array<ArrayBuffer> | undefined
  readonly drop: () => void
}

/** A filler for buffers of `size` bytes, taken from a pool of that size when the first byte comes. */
export const bufferFiller = (size: number, pool: BufferPool): BufferFiller => {
  let buffer: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  return {
    put: (piece) => {
      if (piece.length === 0) return piece
      buffer ??= pool.take()
      const part = piece.subarray(0, size - filled)
      buffer.set(part, filled)
      filled += part.length
      return piece.subarray(part.length)
    },
    filled: () => filled,
    isFull: () => filled === size,
    take: () => {
      const part = buffer?.subarray(0, filled)
      buffer = undefined
      filled = 0
      return part
    },
    drop: () => {
      if (buffer) pool.give(buffer)
      buffer = undefined
      filled = 0
    },
  }
}
