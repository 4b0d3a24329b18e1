const MIB = 1024 * 1024

/** Bytes of the first chunk, of the smallest and of the largest. */
export const FIRST = MIB
const SMALLEST = 128 * 1024
const LARGEST = 16 * MIB

/** How a connection has behaved: the next chunk's size, and the size that was once too much for it. */
export type ChunkSize = { readonly next: number; readonly ceiling: number }

export const firstChunk: ChunkSize = { next: FIRST, ceiling: LARGEST }

/** After a chunk that went through: twice as large, never again as large as one that did not. */
export const grown = ({ next, ceiling }: ChunkSize): ChunkSize => ({ next: Math.min(next * 2, ceiling), ceiling })

/** After a chunk of `size` bytes that was lost: half of it, and no larger one any more. */
export const shrunk = (size: number): ChunkSize => {
  const half = Math.max(SMALLEST, Math.floor(size / 2))
  return { next: half, ceiling: half }
}
