import { bufferFiller } from './buffer-filler.ts'
import { bufferPool } from './buffer-pool.ts'

/** A run of the stream, in a buffer of its own. */
export type Segment = { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }

/** What was received and is not durable yet, kept so that a pipeline service that dies costs nothing. */
export type Window = {
  readonly push: (piece: Uint8Array) => Generator<Segment>
  /** The unfinished segment at the end, if any. */
  readonly flush: () => Segment | undefined
  /** Frees everything before `offset`. */
  readonly acknowledge: (offset: number) => void
  /** All that was given out from `offset` on, to be sent again. Undefined when it is not kept any more. */
  readonly from: (offset: number) => readonly Segment[] | undefined
  readonly received: () => number
  readonly drop: () => void
}

/** A window on a stream that starts at byte `start`, given out in segments of `size` bytes. */
export const window = (start: number, size: number): Window => {
  const pool = bufferPool(size, 2)
  const filler = bufferFiller(size, pool)
  let segments: readonly Segment[] = []
  let end = start

  const append = (bytes: Uint8Array<ArrayBuffer>): Segment => {
    const segment = { offset: end, bytes }
    segments = [...segments, segment]
    end += bytes.length
    return segment
  }

  /** Like `append`; an unfinished segment is copied, so that its buffer is free for the next one. */
  const takeOut = (): Segment | undefined => {
    const isFull = filler.isFull()
    const bytes = filler.take()
    if (bytes === undefined || isFull) return bytes && append(bytes)
    const segment = append(bytes.slice())
    pool.give(bytes)
    return segment
  }

  return {
    *push(piece) {
      for (let rest = piece; rest.length > 0; ) {
        rest = filler.put(rest)
        const segment = filler.isFull() ? takeOut() : undefined
        if (segment) yield segment
      }
    },
    flush: takeOut,
    acknowledge: (offset) => {
      const isSpent = (segment: Segment) => segment.offset + segment.bytes.length <= offset
      for (const segment of segments) if (isSpent(segment)) pool.give(segment.bytes)
      segments = segments.filter((segment) => !isSpent(segment))
    },
    from: (offset) => {
      if (offset === end) return []
      const first = segments[0]
      if (first === undefined || offset < first.offset || offset > end) return undefined
      return segments
        .filter(({ offset: at, bytes }) => at + bytes.length > offset)
        .map(({ offset: at, bytes }) =>
          at >= offset ? { offset: at, bytes } : { offset, bytes: bytes.subarray(offset - at) },
        )
    },
    received: () => end + filler.filled(),
    drop: () => {
      for (const { bytes } of segments) pool.give(bytes)
      segments = []
      filler.drop()
      pool.drain()
    },
  }
}
