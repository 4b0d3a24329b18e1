import { Fault, isFault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { exclusive } from '#common/stream/exclusive'
import { type BreakOffParts, breakOffStream } from './break-off.ts'
import type { StreamPosition } from './delivery.ts'
import { type LiveFeedParts, type LiveFeeds, liveFeeds } from './live-feeds.ts'
import type { Recording, Start } from './model.ts'
import { reconciler } from './reconcile.ts'
import {
  afterHandOver,
  describeEnd,
  describeRecording,
  endRecording,
  newRecording,
  requireRecording,
  touchRecording,
} from './recording-state.ts'
import { changeRecording, findRecording, type RecordingDoc, recordingTable } from './store.ts'

export type Recordings = {
  readonly start: (request: Start) => Promise<Recording>
  readonly get: (id: string) => Promise<Recording>
  readonly list: () => Promise<readonly Recording[]>
  /** Takes bytes of the source from `offset` on. With `end`, resolves when all is durable and the session sealed. */
  readonly stream: (
    id: string,
    query: { readonly offset: number; readonly end: boolean },
    body: AsyncIterable<Uint8Array>,
  ) => Promise<Recording>
  /** Ends a recording abnormally: what was received is kept, `reason` is stated as that of the gap at its end. */
  readonly stop: (id: string, reason?: string) => Promise<Recording>
  /** Ends what waits too long for its source, and hands over what ended while the orchestrator was away. */
  readonly reconcile: () => Promise<void>
  /** Recordings that this process feeds. */
  readonly live: () => number
}

/** The services that a recording goes to. */
export type RecordingsParts = LiveFeedParts &
  BreakOffParts & {
    readonly store: Store
    readonly log: Log
    readonly now: () => number
    readonly resumeGrace: number
    readonly openSession: (request: Start) => Promise<{ readonly id: string }>
    readonly setState: (session: string, state: 'active' | 'paused') => Promise<unknown>
    readonly finalize: (session: string, end: ReturnType<typeof describeEnd>) => Promise<unknown>
  }

/** How often a recording that goes on for long is made known, so that nobody takes it for unused, ms. */
const ANNOUNCE_EVERY = 60_000

const busyFault = () =>
  new Fault('conflict', 'stream-busy', 'this recording is receiving a stream or is being ended')

const nothing: StreamPosition = { received: 0, acknowledged: 0, chunk_count: 0, complete: false }

/** What is told to the orchestrator. A failure only delays: `reconcile` comes back to it. */
const announcements = ({ store, log, now, setState, finalize }: RecordingsParts, feeds: LiveFeeds) => {
  const announce = async (id: string, state: 'active' | 'paused'): Promise<void> => {
    const live = feeds.get(id)
    if (live) live.announcedAt = now()
    await setState(id, state).catch((error) =>
      log.warn('state-not-told', { recording: id, state, ...errorFields(error) }),
    )
  }
  return {
    announce,
    announceAlive: async (id: string): Promise<void> => {
      const live = feeds.get(id)
      if (live && now() - live.announcedAt > ANNOUNCE_EVERY) await announce(id, 'active')
    },
    handOver: async (doc: RecordingDoc): Promise<RecordingDoc> => {
      const error = await finalize(doc.id, describeEnd(doc)).then(
        () => undefined,
        (caught: unknown) => caught,
      )
      const isTold = afterHandOver(doc, error).state !== doc.state
      if (isTold) return changeRecording(store, doc.id, (current) => afterHandOver(current, error))
      log.warn('finalize-waits', { recording: doc.id, ...errorFields(error) })
      return doc
    },
  }
}

/** How recordings end, whatever ends them. */
const endings = (
  parts: RecordingsParts,
  feeds: LiveFeeds,
  handOver: (doc: RecordingDoc) => Promise<RecordingDoc>,
) => {
  const end = async (id: string, fed: StreamPosition, reason?: string): Promise<RecordingDoc> => {
    feeds.drop(id)
    return handOver(await changeRecording(parts.store, id, (doc) => endRecording(doc, fed, reason)))
  }
  return {
    end,
    breakOff: async (id: string, reason: string): Promise<RecordingDoc> => {
      const fed = await breakOffStream(id, feeds.get(id)?.feed, parts)
      parts.log.warn('recording-broken-off', { recording: id, reason, acknowledged: fed.acknowledged })
      return end(id, fed, reason)
    },
  }
}

/** All recordings of this recorder. */
export const recordings = (parts: RecordingsParts): Recordings => {
  const { store, now } = parts
  const table = recordingTable(store)
  const feeds = liveFeeds(parts)
  // Two sources in one recording would interleave their bytes.
  const { run: exclusively, keys: busy } = exclusive(busyFault)
  const { announce, announceAlive, handOver } = announcements(parts, feeds)
  const { end, breakOff } = endings(parts, feeds, handOver)

  const describe = async (doc: RecordingDoc): Promise<Recording> => {
    const feed = feeds.get(doc.id)?.feed
    const fed = feed?.progress() ?? (doc.state === 'recording' ? await parts.progress(doc.id) : undefined)
    return describeRecording(doc, { fed, received: feed?.received() })
  }
  const touch = (id: string) => changeRecording(store, id, (doc) => touchRecording(doc, now()))

  return {
    start: async (request) => {
      const { id } = await parts.openSession(request)
      const doc = await table.insert(newRecording(id, request, now()))
      feeds.open(id, nothing)
      return describe(doc)
    },
    get: async (id) => describe(await findRecording(table, id)),
    list: async () => {
      const docs = await table.find({ sort: [['started_at', 'desc']], limit: 100 })
      return Promise.all(docs.map(describe))
    },
    stream: (id, { offset, end: isEnd }, body) =>
      exclusively(id, async () => {
        requireRecording(await findRecording(table, id))
        const { feed } = await feeds.at(id, offset)
        try {
          await announce(id, 'active')
          for await (const piece of body) await feed.push(piece)
          if (isEnd) return await describe(await end(id, await feed.end()))
          await announce(id, 'paused')
          return await describe(await touch(id))
        } catch (error) {
          if (isFault(error, 'empty-recording')) await end(id, feed.progress(), 'a recording of zero bytes')
          else await Promise.all([touch(id), announce(id, 'paused')])
          throw error
        }
      }),
    stop: (id, reason = 'stopped before its source ended') =>
      exclusively(id, async () => {
        requireRecording(await findRecording(table, id))
        return describe(await breakOff(id, reason))
      }),
    reconcile: reconciler({
      ...parts,
      table,
      busy,
      handOver,
      announceAlive,
      breakOff: (id) => exclusively(id, () => breakOff(id, 'the source went away')),
    }),
    live: feeds.count,
  }
}
