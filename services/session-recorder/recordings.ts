import type { StreamGap } from '#common/http/session-model'
import type { Opening } from '#common/http/session-view'
import { Fault, isFault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { type BreakOffParts, breakOffStream } from './break-off.ts'
import type { StreamPosition } from './delivery.ts'
import type { Feed } from './feed.ts'
import { type IntakeParts, takeIn } from './intake.ts'
import { type LiveFeedParts, type LiveFeeds, liveFeeds } from './live-feeds.ts'
import type { Recording } from './model.ts'
import { reconciler } from './reconcile.ts'
import {
  addGap,
  afterHandOver,
  describeEnd,
  describeRecording,
  endRecording,
  newRecording,
  requireRecording,
  touchRecording,
} from './recording-state.ts'
import { type Sources, sources } from './sources.ts'
import { changeRecording, findRecording, type RecordingDoc, recordingTable } from './store.ts'

export type Recordings = {
  readonly start: (request: Opening) => Promise<Recording>
  readonly get: (id: string) => Promise<Recording>
  readonly list: () => Promise<readonly Recording[]>
  /** Takes bytes from `offset` on; with `end` resolves once all is durable and sealed. `whole`: away was no gap. */
  readonly stream: (
    id: string,
    query: { readonly offset: number; readonly end: boolean; readonly whole?: boolean },
    body: AsyncIterable<Uint8Array>,
  ) => Promise<Recording>
  /** Ends a recording abnormally; `reason` is that of its last gap. Throws Fault `stream-busy` at the source's end. */
  readonly stop: (id: string, reason?: string) => Promise<Recording>
  /** Ends what waits too long for its source, and hands over what ended while the orchestrator was away. */
  readonly reconcile: () => Promise<void>
  readonly live: () => number
}

/** The services that a recording goes to. */
export type RecordingsParts = LiveFeedParts &
  BreakOffParts & {
    readonly store: Store
    readonly log: Log
    readonly resumeGrace: number
    readonly pauseGrace: number
    readonly openSession: (request: Opening) => Promise<{ readonly id: string; readonly chunk_size: number }>
    readonly setState: (session: string, state: 'active' | 'paused', gaps?: readonly StreamGap[]) => Promise<unknown>
    readonly finalize: (session: string, end: ReturnType<typeof describeEnd>) => Promise<unknown>
  }

/** A source that gives nothing for this long may be gone without a word: another connection of it takes over, ms. */
const STALLED = 10_000

/** How often a recording that goes on for long is made known, so that nobody takes it for unused, ms. */
const ANNOUNCE_EVERY = 60_000

const busyFault = () => new Fault('conflict', 'stream-busy', 'this recording is receiving a stream or is being ended')

const stoppedFault = () => new Fault('conflict', 'recording-ended', 'this recording was stopped; start a new one')

const replacedFault = () =>
  new Fault('invalid', 'cut-off', 'this source gave nothing, and another connection of it took over')

const nothing: StreamPosition = { received: 0, acknowledged: 0, chunk_count: 0, complete: false }

/** What is told to the orchestrator. A failure only delays: `reconcile` comes back to it. */
const announcements = ({ store, log, steady, setState, finalize }: RecordingsParts, feeds: LiveFeeds) => {
  /** Answers whether its session is over, whoever ended it. */
  const announce = async (id: string, state: 'active' | 'paused', gaps?: readonly StreamGap[]): Promise<boolean> => {
    const live = feeds.get(id)
    if (live) live.announcedAt = steady()
    const error = await setState(id, state, gaps).then(
      () => undefined,
      (caught: unknown) => caught,
    )
    if (error !== undefined) log.warn('state-not-told', { recording: id, state, ...errorFields(error) })
    return isFault(error, 'wrong-state')
  }
  return {
    announce,
    announceAlive: async (id: string): Promise<boolean> => {
      const live = feeds.get(id)
      if (live === undefined || steady() - live.announcedAt <= ANNOUNCE_EVERY) return false
      return announce(id, 'active')
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

const endings = (
  parts: RecordingsParts,
  feeds: LiveFeeds,
  { run, cut }: Pick<Sources, 'run' | 'cut'>,
  handOver: (doc: RecordingDoc) => Promise<RecordingDoc>,
) => {
  const end = async (
    id: string,
    fed: StreamPosition,
    how: Parameters<typeof endRecording>[2],
  ): Promise<RecordingDoc> => {
    const doc = await changeRecording(parts.store, id, (current) => endRecording(current, fed, how))
    feeds.drop(id)
    return handOver(doc)
  }
  const table = recordingTable(parts.store)
  /** Runs work while the recording's feed sends nothing of its own. */
  const halted = async <R>(id: string, work: (feed: Feed | undefined) => Promise<R>): Promise<R> => {
    const feed = feeds.get(id)?.feed
    feed?.halt()
    try {
      return await work(feed)
    } finally {
      feed?.resume()
    }
  }
  const breakOff = (id: string, reason: string): Promise<RecordingDoc> =>
    halted(id, async (feed) => {
      const fed = await breakOffStream(id, feed, parts)
      parts.log.warn('recording-broken-off', { recording: id, reason, acknowledged: fed.acknowledged })
      return end(id, fed, { endedAt: parts.now(), reason })
    })
  return {
    end,
    breakOff,
    stop: async (id: string, reason = 'stopped before its source ended'): Promise<RecordingDoc> => {
      requireRecording(await findRecording(table, id))
      return halted(id, async () => {
        await cut(id, stoppedFault())
        return run(id, async () => {
          requireRecording(await findRecording(table, id))
          return breakOff(id, reason)
        })
      })
    },
  }
}

/** The recording that an earlier try of the same request began. Throws Fault conflict `recording-exists` for another owner's. */
const findBegun = async ({ store }: RecordingsParts, { id, owner }: Opening): Promise<RecordingDoc | undefined> => {
  const doc = id === undefined ? undefined : await recordingTable(store).get(id)
  if (doc === undefined || doc.owner === owner) return doc
  throw new Fault('conflict', 'recording-exists', 'there is another recording of this id')
}

/** Opens a session and keeps its recording; a session that nobody would ever record into is ended again. */
const begin = async (request: Opening, { store, openSession, finalize, now }: RecordingsParts) => {
  const { id, chunk_size } = await openSession(request)
  try {
    return { chunk_size, doc: await recordingTable(store).insert(newRecording(id, request, now())) }
  } catch (error) {
    await finalize(id, { complete: false, total_plain: 0, reason: 'it could not begin' }).catch(() => {})
    throw error
  }
}

/** All recordings of this recorder. */
export const recordings = (parts: RecordingsParts): Recordings => {
  const { store, now } = parts
  const table = recordingTable(store)
  const feeds = liveFeeds(parts)
  const readings = sources(parts.steady, busyFault)
  const { run: exclusively, keys: busy, cut, isStalled } = readings
  const { announce, announceAlive, handOver } = announcements(parts, feeds)
  const { end, breakOff, stop } = endings(parts, feeds, readings, handOver)

  /** What the pipeline said last of a feed that heard less: nobody is told less than before. */
  const reported = new WeakMap<Feed, StreamPosition>()
  const further = (feed: Feed, position: StreamPosition): StreamPosition => {
    const before = reported.get(feed)
    if (before !== undefined && before.acknowledged > position.acknowledged) return before
    reported.set(feed, position)
    return position
  }
  /** How far the pipeline is. A source that is to go on needs to know it as it is now, not as it was last heard. */
  const readProgress = async ({ id, state }: RecordingDoc): Promise<StreamPosition | undefined> => {
    const feed = feeds.get(id)?.feed
    if (feed === undefined) return state === 'recording' ? parts.progress(id) : undefined
    const known = feed.progress()
    if (state !== 'recording' || busy().includes(id)) return further(feed, known)
    return further(feed, await parts.progress(id).catch(() => known))
  }
  const describe = async (doc: RecordingDoc): Promise<Recording> => {
    const fed = await readProgress(doc)
    return describeRecording(doc, { fed, received: feeds.get(doc.id)?.feed.received() })
  }
  const touch: IntakeParts['touch'] = (id, isPaused) =>
    changeRecording(store, id, (doc) => touchRecording(doc, { now: now(), isPaused }))
  const intake: IntakeParts = {
    feeds,
    now,
    steady: parts.steady,
    announce,
    addGap: (id, gap) => changeRecording(store, id, (doc) => addGap(doc, gap)),
    touch,
    end,
  }

  return {
    start: async (request) => {
      const begun = await findBegun(parts, request)
      if (begun !== undefined) return describe(begun)
      const { doc, chunk_size } = await begin(request, parts)
      const unbegun = { since: doc.started_at, steadySince: parts.steady(), cause: 'unbegun' } as const
      feeds.open(doc.id, { ...nothing, chunk_size }, unbegun)
      return describe(doc)
    },
    get: async (id) => describe(await findRecording(table, id)),
    list: async () => {
      const docs = await table.find({ sort: [['started_at', 'desc']], limit: 100 })
      return Promise.all(docs.map(describe))
    },
    stream: async (id, { offset, end: isEnd, whole: isWhole = false }, body) => {
      if (isStalled(id, STALLED)) await cut(id, replacedFault())
      return exclusively(id, async (source) => {
        const doc = await findRecording(table, id)
        requireRecording(doc)
        return describe(await takeIn(doc, source, { offset, isEnd, isWhole, body }, intake))
      })
    },
    stop: async (id, reason) => describe(await stop(id, reason)),
    reconcile: reconciler({
      ...parts,
      table,
      busy,
      handOver,
      announceAlive,
      stop: (id) => stop(id, 'its session was ended'),
      breakOff: (id) => exclusively(id, () => breakOff(id, 'the source went away')),
    }),
    live: feeds.count,
  }
}
