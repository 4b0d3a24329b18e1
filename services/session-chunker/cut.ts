import { bufferFiller } from '#common/stream/buffer-filler'
import type { BufferPool } from '#common/stream/buffer-pool'

/** A chunk cut from the stream, in a buffer of its own. */
export type Cut = {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly last: boolean
  /** The final chunk of a stream that broke off: it may be short and does not carry the last flag. */
  readonly broken?: boolean
}

/** Cuts a byte stream into chunks of `size`; a full one is given out when more or the end came: is it the last? */
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
  const filler = bufferFiller(size, pool)
  const take = (last: boolean): Cut | undefined => {
    const bytes = filler.take()
    return bytes && { bytes, last }
  }
  return {
    *push(piece) {
      for (let rest = piece; rest.length > 0; rest = filler.put(rest)) {
        const cut = filler.isFull() ? take(false) : undefined
        if (cut) yield cut
      }
    },
    end: (how) => {
      const cut = take(how === 'true')
      return cut && how === 'broken' ? { ...cut, broken: true } : cut
    },
    buffered: filler.filled,
    drop: filler.drop,
  }
}
