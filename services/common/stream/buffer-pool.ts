import { free } from './bytes.ts'

/** Buffers of one size, used again: a fresh 8 MiB buffer costs 2,048 page faults before its first byte is in. */
export type BufferPool = {
  /** A buffer of the pool's size; its content is whatever was in it. */
  readonly take: () => Uint8Array<ArrayBuffer>
  /** Gives a buffer back. One of another size, or one too many, is freed instead. */
  readonly give: (buffer: Uint8Array<ArrayBuffer>) => void
  /** Frees what is spare, for when nothing is going on. */
  readonly drain: () => void
}

/** A pool of buffers of `size` bytes that keeps at most `spare` of them. */
export const bufferPool = (size: number, spare: number): BufferPool => {
  let spares: Uint8Array<ArrayBuffer>[] = []
  return {
    take: () => spares.pop() ?? new Uint8Array(size),
    give: (buffer) => {
      // Given back twice it would be lent to two, who would then write over each other's bytes.
      if (spares.some((one) => one.buffer === buffer.buffer)) return
      const whole = buffer.buffer.byteLength === size
      if (whole && spares.length < spare) spares.push(new Uint8Array(buffer.buffer))
      else free(buffer)
    },
    drain: () => {
      for (const buffer of spares) free(buffer)
      spares = []
    },
  }
}
