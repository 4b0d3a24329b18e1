import { Fault } from '#common/process/fault'
import type { DeliveryParts, SendSegment, StreamPosition } from './delivery.ts'
import { type Feed, feed } from './feed.ts'

export type LiveFeed = {
  readonly feed: Feed
  /** When the orchestrator last heard that this recording lives, epoch ms. */
  announcedAt: number
}

/** The feeds of this process; what they hold does not survive it. */
export type LiveFeeds = {
  readonly get: (id: string) => LiveFeed | undefined
  readonly open: (id: string, start: StreamPosition) => LiveFeed
  /** The feed that goes on at `offset`, anew where the pipeline stands there. Throws Fault `offset-differs`. */
  readonly at: (id: string, offset: number) => Promise<LiveFeed>
  readonly drop: (id: string) => void
  readonly count: () => number
}

export type LiveFeedParts = {
  /** How far the pipeline is with a session. */
  readonly progress: (session: string) => Promise<StreamPosition>
  readonly send: (session: string) => SendSegment
  readonly pause: DeliveryParts['pause']
}

const offsetDiffers = (stands: number) =>
  new Fault('conflict', 'offset-differs', `this recording stands at ${stands}; go on from there`, {
    extra: { received: stands, acknowledged: stands },
  })

export const liveFeeds = ({ progress, send, pause }: LiveFeedParts): LiveFeeds => {
  const feeds = new Map<string, LiveFeed>()

  const open = (id: string, start: StreamPosition): LiveFeed => {
    const live: LiveFeed = { announcedAt: 0, feed: feed({ start, send: send(id), pause }) }
    feeds.set(id, live)
    return live
  }

  const drop = (id: string): void => {
    feeds.get(id)?.feed.drop()
    feeds.delete(id)
  }

  return {
    get: (id) => feeds.get(id),
    open,
    at: async (id, offset) => {
      const current = feeds.get(id)
      if (current && current.feed.failure() === undefined && current.feed.received() === offset)
        return current
      drop(id)
      const start = await progress(id)
      if (start.acknowledged !== offset) throw offsetDiffers(start.acknowledged)
      return open(id, start)
    },
    drop,
    count: () => feeds.size,
  }
}
