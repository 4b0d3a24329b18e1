import { backoff, retry } from '#common/process/backoff'
import { Fault } from '#common/process/fault'
import type { Segment, Window } from '#common/stream/window'

/** What the chunker says after each body: bytes taken in, and bytes that are durable. */
export type StreamPosition = {
  readonly received: number
  readonly acknowledged: number
  readonly chunk_count: number
  readonly complete: boolean
  readonly chunk_size?: number
  readonly last_byte_at?: number
}

/** Whether a run of the stream is its end: `broken` when it ends there because its source was lost. */
export type End = 'true' | 'false' | 'broken'

/** Sends a run of the stream, its last byte of `lastByteAt`. Throws Fault `offset-differs` with `acknowledged`. */
export type SendSegment = (
  offset: number,
  end: End,
  bytes?: Uint8Array<ArrayBuffer>,
  lastByteAt?: number,
) => Promise<StreamPosition>

/** Calls until a pipeline that is away is given up, and the pauses between them, ms. */
const TRIES = 121
const PAUSES = { first: 50, most: 1_000 } as const

/** While a release is brought, a callee of the one before refuses what it does not know yet; it is replaced in a moment. */
export const OTHER_RELEASE = 'bad-request'

/** What passes by itself. A full disk does not: the source hears of it, and goes on when there is room. */
const isPassing = (fault: Fault): boolean =>
  (fault.kind === 'unavailable' && fault.code !== 'disk-full') ||
  ['offset-differs', 'fenced', 'stream-busy', 'cut-off', 'tail-missing', 'restarted', OTHER_RELEASE].includes(
    fault.code,
  )

/** Worth a pause: nobody is there, or somebody else is at it. All else is sent again at once, from where the pipeline stands. */
const isAway = (fault: Fault): boolean =>
  fault.kind === 'unavailable' || ['stream-busy', OTHER_RELEASE].includes(fault.code)

export const asFault = (error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault('unavailable', 'unreachable', 'session-chunker broke off', { cause: error })

/** Where the pipeline stands, as a refusal says it; else as it was last heard. */
const standsAt = (fault: Fault, position: StreamPosition): number =>
  typeof fault.extra['acknowledged'] === 'number' ? fault.extra['acknowledged'] : position.acknowledged

const windowLost = (offset: number, acknowledged: number) =>
  new Fault('conflict', 'window-lost', `the pipeline stands at ${offset}, which is not kept here any more`, {
    extra: { acknowledged },
  })

/** The position after an answer; what is acknowledged never becomes less. */
const advance = (position: StreamPosition, fed: StreamPosition): StreamPosition => ({
  ...fed,
  acknowledged: Math.max(position.acknowledged, fed.acknowledged),
})

export type DeliveryParts = {
  readonly start: StreamPosition
  readonly send: SendSegment
  readonly pause: (ms: number) => Promise<void>
}

/** Sends segments of a window until the pipeline has taken them, over its restarts. One call at a time. */
export type Delivery = {
  readonly send: (segment: Segment) => Promise<void>
  /** Sends the rest, with the end of the recording; resolves when everything is durable. */
  readonly end: (rest: Segment | undefined) => Promise<void>
  readonly position: () => StreamPosition
}

/** Deliveries out of `unacknowledged`, which keeps what was sent until it is durable. */
export const delivery = ({ start, send, pause }: DeliveryParts, unacknowledged: Window): Delivery => {
  let position = start

  const sendOne = async (offset: number, isEnd: boolean, bytes: Segment['bytes'] | undefined) => {
    position = advance(position, await send(offset, isEnd ? 'true' : 'false', bytes))
    unacknowledged.acknowledge(position.acknowledged)
  }

  /** Sends everything that was given out from `offset` on; the chunker takes it up where it stands. */
  const replay = async (offset: number, isEnd: boolean): Promise<void> => {
    const segments = unacknowledged.from(offset)
    if (segments === undefined) throw windowLost(offset, position.acknowledged)
    for (const [i, segment] of segments.entries())
      await sendOne(segment.offset, isEnd && i === segments.length - 1, segment.bytes)
    if (isEnd && segments.length === 0) await sendOne(offset, true, undefined)
  }

  const persist = (first: () => Promise<void>, isEnd: boolean): Promise<void> =>
    retry((before) => (before === undefined ? first() : replay(standsAt(asFault(before), position), isEnd)), {
      tries: TRIES,
      isPassing: (error) => isPassing(asFault(error)),
      delay: (failures, error) => (isAway(asFault(error)) ? backoff(failures - 1, PAUSES) : 0),
      pause,
    }).catch((error) => {
      throw asFault(error)
    })

  return {
    send: ({ offset, bytes }) => persist(() => sendOne(offset, false, bytes), false),
    end: (rest) => persist(() => sendOne(rest?.offset ?? unacknowledged.received(), true, rest?.bytes), true),
    position: () => position,
  }
}
