import type { Fault } from '#common/process/fault'
import { concat } from '#common/stream/bytes'
import { type Segment, window } from '#common/stream/window'
import { asFault, type DeliveryParts, delivery, type StreamPosition } from './delivery.ts'

/** Bytes a segment: large enough to be cheap, small enough that three of them are no burden. */
const SEGMENT = 8 * 1024 * 1024

export type Feed = {
  readonly push: (piece: Uint8Array) => Promise<void>
  /** Sends what is left; resolves when everything is durable. */
  readonly end: () => Promise<StreamPosition>
  /** What was received from `offset` on, as one run, for a stream that breaks off here; undefined when that is nothing. */
  readonly tail: (offset: number) => Segment | undefined
  readonly received: () => number
  readonly progress: () => StreamPosition
  /** Why nothing more can be pushed. */
  readonly failure: () => Fault | undefined
  readonly drop: () => void
}

/**
 * Feeds one recording to the chunker and rides over its restarts: whatever is not acknowledged is kept and
 * sent again from where the pipeline stands. One segment is on its way while the next is being filled.
 */
export const feed = (parts: DeliveryParts): Feed => {
  const unacknowledged = window(parts.start.acknowledged, SEGMENT)
  const { send, end, position } = delivery(parts, unacknowledged)
  let sending: Promise<void> = Promise.resolve()
  let failure: Fault | undefined

  const check = () => {
    if (failure) throw failure
  }

  const queue = async (segment: Segment): Promise<void> => {
    await sending
    check()
    sending = send(segment).catch((error) => {
      failure = asFault(error)
    })
  }

  return {
    push: async (piece) => {
      check()
      for (const segment of unacknowledged.push(piece)) await queue(segment)
    },
    end: async () => {
      await sending
      check()
      await end(unacknowledged.flush())
      return position()
    },
    tail: (offset) => {
      unacknowledged.flush()
      const segments = unacknowledged.from(offset)
      if (segments === undefined || segments.length === 0) return undefined
      return { offset, bytes: concat(...segments.map(({ bytes }) => bytes)) }
    },
    received: unacknowledged.received,
    progress: position,
    failure: () => failure,
    drop: unacknowledged.drop,
  }
}
