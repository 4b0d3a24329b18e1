import { Fault } from '#common/process/fault'
import { arrivals } from '#common/stream/arrivals'
import { type Segment, window } from '#common/stream/window'
import { asFault, type DeliveryParts, delivery, type StreamPosition } from './delivery.ts'

/** Most bytes a segment: large enough to be cheap, small enough that three of them are no burden. */
const SEGMENT = 8 * 1024 * 1024

/** A run of the stream, and when its last byte came from the source, epoch ms. */
export type TimedSegment = Segment & { readonly lastByteAt: number | undefined }

export type Feed = {
  /** Takes bytes that came from the source at `cameAt`, epoch ms. */
  readonly push: (piece: Uint8Array, cameAt: number) => Promise<void>
  readonly end: () => Promise<StreamPosition>
  /** What was received from `offset` on, for a stream that breaks off here; nothing where it is not kept any more. */
  readonly rest: (offset: number) => readonly TimedSegment[]
  readonly received: () => number
  /** When the last byte that was received came, epoch ms; undefined before the first. */
  readonly lastByteAt: () => number | undefined
  readonly progress: () => StreamPosition
  /** Stops sending, until it is resumed: the stream is being ended. What is under way has ended when `settled` resolves. */
  readonly halt: () => void
  readonly resume: () => void
  readonly settled: () => Promise<void>
  readonly failure: () => Fault | undefined
  readonly drop: () => void
}

const haltedFault = () => new Fault('conflict', 'recording-ended', 'this recording was stopped; start a new one')

/** Segments end where chunks do: what is known of a segment's last byte is then known of a chunk's. */
const segmentSize = (chunkSize = SEGMENT): number => Math.ceil(chunkSize / Math.ceil(chunkSize / SEGMENT))

/** Feeds one recording to the chunker and rides over its restarts: what is not acknowledged is sent again. */
export const feed = ({ start, send: sendRun, pause }: DeliveryParts): Feed => {
  const unacknowledged = window(start.acknowledged, segmentSize(start.chunk_size))
  const came = arrivals(start.acknowledged, start.last_byte_at)
  const { send, end, position } = delivery(
    {
      start,
      pause,
      send: async (offset, how, bytes) => {
        checkHalted()
        const at = await sendRun(offset, how, bytes, came.timeOf(offset + (bytes?.length ?? 0)))
        came.forget(at.acknowledged)
        return at
      },
    },
    unacknowledged,
  )
  let sending: Promise<void> = Promise.resolve()
  let failure: Fault | undefined
  let isHalted = false

  const checkHalted = () => {
    if (isHalted) throw haltedFault()
  }
  const check = () => {
    checkHalted()
    if (failure) throw failure
  }

  const queue = async (segment: Segment): Promise<void> => {
    await sending
    check()
    sending = send(segment).catch((error) => {
      // What was halted is in the window, and is sent again from there.
      if (!isHalted) failure = asFault(error)
    })
  }

  return {
    push: async (piece, cameAt) => {
      check()
      came.add(unacknowledged.received() + piece.length, cameAt)
      for (const segment of unacknowledged.push(piece)) await queue(segment)
    },
    end: async () => {
      await sending
      check()
      await end(unacknowledged.flush())
      return position()
    },
    rest: (offset) => {
      unacknowledged.flush()
      const segments = unacknowledged.from(offset) ?? []
      return segments.map((segment) => ({ ...segment, lastByteAt: came.timeOf(segment.offset + segment.bytes.length) }))
    },
    received: unacknowledged.received,
    lastByteAt: () => came.timeOf(unacknowledged.received()),
    progress: position,
    halt: () => {
      isHalted = true
    },
    resume: () => {
      isHalted = false
    },
    settled: () => sending,
    failure: () => failure,
    drop: unacknowledged.drop,
  }
}
