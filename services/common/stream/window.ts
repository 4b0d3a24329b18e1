import { bufferPool } from './buffer-pool.ts'

/** A run of the stream, in a buffer of its own. */
export type Segment = { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }

/**
 * What was received and is not acknowledged yet. It is kept until the pipeline says that it is durable, so
 * that a pipeline service that dies costs nothing. The pipeline's own limits bound its size.
 */
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
  let kept: Segment[] = []
  let filling: Uint8Array<ArrayBuffer> | undefined
  let filled = 0
  let given = start

  const give = (bytes: Uint8Array<ArrayBuffer>): Segment => {
    const segment = { offset: given, bytes }
    kept.push(segment)
    given += bytes.length
    filled = 0
    return segment
  }

  return {
    *push(piece) {
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + size - filled)
        filling ??= pool.take()
        filling.set(part, filled)
        filled += part.length
        at += part.length
        if (filled === size) {
          const full = filling
          filling = undefined
          yield give(full)
        }
      }
    },
    flush: () => (filling === undefined || filled === 0 ? undefined : give(filling.slice(0, filled))),
    acknowledge: (offset) => {
      const isSpent = (segment: Segment) => segment.offset + segment.bytes.length <= offset
      for (const segment of kept) if (isSpent(segment)) pool.give(segment.bytes)
      kept = kept.filter((segment) => !isSpent(segment))
    },
    from: (offset) => {
      if (offset === given) return []
      const first = kept[0]
      if (first === undefined || offset < first.offset || offset > given) return undefined
      return kept
        .filter(({ offset: at, bytes }) => at + bytes.length > offset)
        .map(({ offset: at, bytes }) =>
          at >= offset ? { offset: at, bytes } : { offset, bytes: bytes.subarray(offset - at) },
        )
    },
    received: () => given + filled,
    drop: () => {
      for (const { bytes } of kept) pool.give(bytes)
      kept = []
      if (filling) pool.give(filling)
      filling = undefined
      filled = 0
      pool.drain()
    },
  }
}
