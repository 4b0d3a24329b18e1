import { Fault, isFault } from '#common/process/fault'
import type { Absence } from './absence.ts'
import type { DeliveryParts, SendSegment, StreamPosition } from './delivery.ts'
import { type Feed, feed } from './feed.ts'

export type LiveFeed = {
  readonly feed: Feed
  /** The time without a source that goes on, or went on until this feed's next byte comes. */
  absence: Absence | undefined
  /** When the orchestrator last heard that this recording lives, by the steady clock. */
  announcedAt: number
}

/** The feeds of this process; what they hold does not survive it. */
export type LiveFeeds = {
  readonly get: (id: string) => LiveFeed | undefined
  /** A feed of a recording of which nothing is in the pipeline yet. */
  readonly open: (id: string, start: StreamPosition, absence: Absence) => LiveFeed
  /** The feed that goes on at `offset`; in use once `put`, so an empty one costs nothing. Throws `offset-differs`. */
  readonly at: (id: string, offset: number) => Promise<LiveFeed>
  /** Gives up what is not durable, for this feed. Throws Fault `offset-differs` where more became durable meanwhile. */
  readonly put: (id: string, live: LiveFeed, source: { readonly isWhole: boolean }) => Promise<void>
  readonly drop: (id: string) => void
  readonly count: () => number
}

export type LiveFeedParts = {
  readonly progress: (session: string) => Promise<StreamPosition>
  readonly send: (session: string) => SendSegment
  readonly now: () => number
  /** A clock that only goes forward, ms: for how long something lasts, whoever sets the other. */
  readonly steady: () => number
  readonly pause: DeliveryParts['pause']
}

const offsetDiffers = (received: number, acknowledged: number) =>
  new Fault(
    'conflict',
    'offset-differs',
    received === acknowledged
      ? `this recording stands at ${received}; go on from there`
      : `this recording stands at ${received}, of which ${acknowledged} bytes are durable; go on from either`,
    { extra: { received, acknowledged } },
  )

/** The absence before a feed that is begun anew, where the one before is this: what that one held is given up. */
const absenceBefore = (before: LiveFeed | undefined, unknown: Omit<Absence, 'cause'>): Absence => {
  if (before?.absence === undefined) return { ...unknown, cause: 'restarted' }
  return before.absence.cause === 'paused' && before.feed.received() > 0
    ? { ...before.absence, cause: 'repeated' }
    : before.absence
}

export const liveFeeds = ({ progress, send, now, steady, pause }: LiveFeedParts): LiveFeeds => {
  const feeds = new Map<string, LiveFeed>()

  const begin = (id: string, start: StreamPosition, absence: Absence): LiveFeed => ({
    announcedAt: 0,
    absence,
    feed: feed({ start, send: send(id), pause }),
  })
  const drop = (id: string): void => {
    feeds.get(id)?.feed.drop()
    feeds.delete(id)
  }
  const put: LiveFeeds['put'] = async (id, live, { isWhole }) => {
    if (feeds.get(id) === live) return
    const { received, acknowledged } = live.feed.progress()
    if (received > acknowledged)
      await send(id)(acknowledged, 'false').catch((error) => {
        if (!isWhole || !isFault(error, 'offset-differs')) throw error
      })
    drop(id)
    feeds.set(id, live)
  }

  return {
    get: (id) => feeds.get(id),
    open: (id, start, absence) => {
      const live = begin(id, start, absence)
      feeds.set(id, live)
      return live
    },
    at: async (id, offset) => {
      const current = feeds.get(id)
      const received = current?.feed.failure() === undefined ? current?.feed.received() : undefined
      if (current !== undefined && received === offset) return current
      const start = await progress(id)
      if (start.acknowledged !== offset) throw offsetDiffers(received ?? start.acknowledged, start.acknowledged)
      return begin(id, start, absenceBefore(current, { since: now(), steadySince: steady() }))
    },
    put,
    drop,
    count: () => feeds.size,
  }
}
