import { backoff, retry } from '#common/process/backoff'
import { Fault } from '#common/process/fault'
import { concat } from '#common/stream/bytes'
import { type Segment, window } from '#common/stream/window'

/** What the chunker says after each body: bytes taken in, and bytes that are durable. */
export type Fed = {
  readonly received: number
  readonly acknowledged: number
  readonly chunk_count: number
  readonly complete: boolean
}

/** Sends a run of the stream to the chunker. Throws Fault `offset-differs` with `acknowledged` where it stands elsewhere. */
export type SendSegment = (
  offset: number,
  end: boolean,
  bytes: Uint8Array<ArrayBuffer> | undefined,
) => Promise<Fed>

/** Bytes a segment: large enough to be cheap, small enough that three of them are no burden. */
const SEGMENT = 8 * 1024 * 1024
/** Calls until a pipeline that is away is given up, and the pauses between them, ms. */
const TRIES = 121
const PAUSES = { first: 50, most: 1_000 } as const

export type Feed = {
  readonly push: (piece: Uint8Array) => Promise<void>
  /** Sends what is left; resolves when everything is durable. */
  readonly end: () => Promise<Fed>
  /** What was received from `offset` on, as one run, for a stream that breaks off here; undefined when that is nothing. */
  readonly tail: (offset: number) => Segment | undefined
  readonly received: () => number
  readonly progress: () => Fed
  /** Why nothing more can be pushed. */
  readonly failure: () => Fault | undefined
  readonly drop: () => void
}

/** What passes by itself. A full disk does not: the source hears of it, and goes on when there is room. */
const isPassing = (fault: Fault): boolean =>
  (fault.kind === 'unavailable' && fault.code !== 'disk-full') ||
  ['offset-differs', 'fenced', 'stream-busy', 'cut-off', 'tail-missing', 'restarted'].includes(fault.code)

/** Worth a pause: nobody is there, or somebody else is at it. All else is sent again at once, from where the pipeline stands. */
const isAway = (fault: Fault): boolean => fault.kind === 'unavailable' || fault.code === 'stream-busy'

const asFault = (error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault('unavailable', 'unreachable', 'session-chunker broke off', { cause: error })

/**
 * Feeds one recording to the chunker and rides over its restarts: whatever is not acknowledged is kept and
 * sent again from where the pipeline stands. One segment is on its way while the next is being filled.
 */
export const feed = ({
  start,
  send,
  pause,
  onProgress,
}: {
  readonly start: Fed
  readonly send: SendSegment
  readonly pause: (ms: number) => Promise<void>
  readonly onProgress: (fed: Fed) => void
}): Feed => {
  const kept = window(start.acknowledged, SEGMENT)
  let at: Fed = start
  let sending: Promise<void> = Promise.resolve()
  let failure: Fault | undefined

  const took = (fed: Fed) => {
    at = { ...fed, acknowledged: Math.max(at.acknowledged, fed.acknowledged) }
    kept.acknowledge(at.acknowledged)
    onProgress(at)
  }

  const standsAt = (fault: Fault): number =>
    typeof fault.extra['acknowledged'] === 'number' ? fault.extra['acknowledged'] : at.acknowledged

  /** Sends everything that was given out from `offset` on; the chunker takes it up where it stands. */
  const replay = async (offset: number, end: boolean): Promise<void> => {
    const segments = kept.from(offset)
    if (segments === undefined)
      throw new Fault(
        'conflict',
        'window-lost',
        `the pipeline stands at ${offset}, which is not kept here any more`,
        {
          extra: { acknowledged: at.acknowledged },
        },
      )
    for (const [i, segment] of segments.entries())
      took(await send(segment.offset, end && i === segments.length - 1, segment.bytes))
    if (end && segments.length === 0) took(await send(offset, true, undefined))
  }

  const persist = (first: () => Promise<void>, end: boolean): Promise<void> =>
    retry((before) => (before === undefined ? first() : replay(standsAt(asFault(before)), end)), {
      tries: TRIES,
      isPassing: (error) => isPassing(asFault(error)),
      delay: (failures, error) => (isAway(asFault(error)) ? backoff(failures - 1, PAUSES) : 0),
      pause,
    }).catch((error) => {
      throw asFault(error)
    })

  const sendOne = ({ offset, bytes }: Segment) =>
    persist(async () => took(await send(offset, false, bytes)), false)

  const queue = async (segment: Segment): Promise<void> => {
    await sending
    if (failure) throw failure
    sending = sendOne(segment).catch((error) => {
      failure = asFault(error)
    })
  }

  return {
    push: async (piece) => {
      if (failure) throw failure
      for (const segment of kept.push(piece)) await queue(segment)
    },
    end: async () => {
      await sending
      if (failure) throw failure
      const tail = kept.flush()
      await persist(async () => took(await send(tail?.offset ?? kept.received(), true, tail?.bytes)), true)
      return at
    },
    tail: (offset) => {
      kept.flush()
      const segments = kept.from(offset)
      if (segments === undefined || segments.length === 0) return undefined
      return { offset, bytes: concat(...segments.map(({ bytes }) => bytes)) }
    },
    received: () => kept.received(),
    progress: () => at,
    failure: () => failure,
    drop: () => kept.drop(),
  }
}
