import { Fault, isFault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import type { Store, Stored } from '#common/store/store'
import { type Fed, type Feed, feed, type SendSegment } from './feed.ts'
import type { Recording, Start } from './model.ts'
import { type RecordingDoc, recordingTable } from './store.ts'

export type Recordings = {
  readonly start: (wanted: Start) => Promise<Recording>
  readonly get: (id: string) => Promise<Recording>
  readonly list: () => Promise<readonly Recording[]>
  /** Takes bytes of the source from `offset` on. With `end`, resolves when all is durable and the session sealed. */
  readonly stream: (
    id: string,
    query: { readonly offset: number; readonly end: boolean },
    body: AsyncIterable<Uint8Array>,
  ) => Promise<Recording>
  /** Ends a recording whose source is away: what was received is kept. */
  readonly stop: (id: string) => Promise<Recording>
  /** Ends what waits too long for its source, and hands over what ended while the orchestrator was away. */
  readonly tend: () => Promise<void>
  readonly live: () => number
}

/** The services that a recording goes to. */
export type RecordingsParts = {
  readonly store: Store
  readonly log: Log
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly resumeGrace: number
  readonly openSession: (wanted: Start) => Promise<{ readonly id: string }>
  readonly setState: (session: string, state: 'active' | 'paused') => Promise<unknown>
  readonly finalize: (
    session: string,
    end: { readonly complete: boolean; readonly reason?: string; readonly total_plain: number },
  ) => Promise<unknown>
  /** How far the pipeline is with a session. */
  readonly progress: (session: string) => Promise<Fed>
  readonly send: (session: string) => SendSegment
  /** Ends a stream that broke off: what is there becomes the final chunk, without the last flag. */
  readonly breakOff: (
    session: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer> | undefined,
  ) => Promise<Fed>
}

/** `told`: when the orchestrator last heard that this recording lives, epoch ms. */
type Live = { readonly feed: Feed; told: number }

/** How often a recording that goes on for long is made known, so that nobody takes it for unused, ms. */
const TELL_EVERY = 60_000
/** A store that answers this late was away meanwhile, ms. */
const STORE_AWAY = 1_000
/** How often the tail of a recording is cut anew because the pipeline had come further than was known. */
const TAIL_ATTEMPTS = 5

/** The session takes nothing more, whoever ended it: what is durable is all there is. */
const isOver = (error: unknown): boolean => isFault(error, 'sealed') || isFault(error, 'after-last')

const plain = ({ rev: _, ...doc }: Stored<RecordingDoc>): RecordingDoc => doc

/** All recordings of this recorder. */
export const recordings = (parts: RecordingsParts): Recordings => {
  const { store, log, now, pause, resumeGrace } = parts
  const table = recordingTable(store)
  const live = new Map<string, Live>()
  const busy = new Set<string>()
  // A recorder that was away cannot know how long a source was: all of them get the whole grace again. The same
  // after its store was away, when no source could be served.
  let opened = now()

  /** One stream or one end at a time: two sources in one recording would interleave their bytes. */
  const alone = async <R>(id: string, work: () => Promise<R>): Promise<R> => {
    if (busy.has(id))
      throw new Fault('conflict', 'stream-busy', 'this recording is receiving a stream or is being ended')
    busy.add(id)
    try {
      return await work()
    } finally {
      busy.delete(id)
    }
  }

  const find = async (id: string) => {
    const doc = await table.get(id)
    if (doc === undefined) throw new Fault('missing', 'no-such-recording', 'there is no recording of this id')
    return doc
  }

  const change = (id: string, fields: Partial<RecordingDoc>): Promise<RecordingDoc> =>
    store.transaction(async (tx) => {
      const own = recordingTable(tx)
      const doc = await own.get(id)
      if (doc === undefined)
        throw new Fault('missing', 'no-such-recording', 'there is no recording of this id')
      return own.replace({ ...plain(doc), ...fields }, doc.rev)
    })

  const shown = async (doc: RecordingDoc): Promise<Recording> => {
    const { id, state, owner, complete, started_at, error } = doc
    const known = live.get(id)?.feed
    const fed = known?.progress() ?? (state === 'recording' ? await parts.progress(id) : undefined)
    return {
      id,
      state,
      owner,
      received: known?.received() ?? fed?.received ?? doc.acknowledged,
      acknowledged: fed?.acknowledged ?? doc.acknowledged,
      chunks: fed?.chunk_count ?? doc.chunks,
      complete: fed?.complete ?? complete,
      started_at,
      ...(error === undefined ? {} : { error }),
    }
  }

  const drop = (id: string) => {
    live.get(id)?.feed.drop()
    live.delete(id)
  }

  const opens = (id: string, start: Fed): Live => {
    const made: Live = {
      told: 0,
      feed: feed({ start, send: parts.send(id), pause, onProgress: () => {} }),
    }
    live.set(id, made)
    return made
  }

  const liveAt = async (id: string, offset: number): Promise<Live> => {
    const known = live.get(id)
    if (known && known.feed.failure() === undefined && known.feed.received() === offset) return known
    drop(id)
    const start = await parts.progress(id)
    if (start.acknowledged !== offset)
      throw new Fault(
        'conflict',
        'offset-differs',
        `this recording stands at ${start.acknowledged}; go on from there`,
        {
          extra: { received: start.acknowledged, acknowledged: start.acknowledged },
        },
      )
    return opens(id, start)
  }

  /** Tells the orchestrator; a failure only delays, `tend` comes back to it. */
  const handOver = async (doc: RecordingDoc): Promise<RecordingDoc> => {
    const { id, complete, reason, acknowledged } = doc
    try {
      await parts.finalize(id, {
        complete,
        total_plain: acknowledged,
        ...(reason === undefined ? {} : { reason }),
      })
    } catch (error) {
      if (!isFault(error, 'already-finalized')) {
        if (!(error instanceof Fault) || error.kind === 'unavailable') {
          log.warn('finalize-waits', { recording: id, ...errorFields(error) })
          return doc
        }
        return change(id, { state: 'failed', error: error.message })
      }
    }
    return change(id, { state: 'ended' })
  }

  const ended = async (id: string, fed: Fed, reason?: string): Promise<Recording> => {
    drop(id)
    const doc = await change(id, {
      state: 'ending',
      complete: fed.complete,
      acknowledged: fed.acknowledged,
      chunks: fed.chunk_count,
      ...(reason === undefined ? {} : { reason }),
    })
    return shown(await handOver(doc))
  }

  /** Sends what was received and is not durable yet. The pipeline may be further than it last said. */
  const sendTail = async (id: string, known: Feed): Promise<Fed> => {
    let from = known.progress().acknowledged
    for (let attempt = 1; ; attempt++) {
      const tail = known.tail(from)
      if (tail === undefined) return parts.progress(id)
      try {
        return await parts.breakOff(id, tail.offset, tail.bytes)
      } catch (error) {
        if (isOver(error)) return parts.progress(id)
        const stands = isFault(error, 'offset-differs') ? error.extra['acknowledged'] : undefined
        if (typeof stands !== 'number' || attempt === TAIL_ATTEMPTS) throw error
        from = stands
      }
    }
  }

  /** Ends at the chunker what a recorder that is no more began: what it holds of the stream is not lost. */
  const closeOff = async (id: string): Promise<Fed> => {
    const { received } = await parts.progress(id)
    return parts.breakOff(id, received, undefined).catch((error) => {
      if (isOver(error)) return parts.progress(id)
      throw error
    })
  }

  const breakOff = async (id: string, reason: string): Promise<Recording> => {
    const known = live.get(id)?.feed
    const fed = await (known === undefined ? closeOff(id) : sendTail(id, known))
    log.warn('recording-broken-off', { recording: id, reason, acknowledged: fed.acknowledged })
    return ended(id, fed, reason)
  }

  const announce = (id: string, state: 'active' | 'paused') => {
    const one = live.get(id)
    if (one) one.told = now()
    return parts
      .setState(id, state)
      .catch((error) => log.warn('state-not-told', { recording: id, state, ...errorFields(error) }))
  }

  const checkRecording = (doc: RecordingDoc) => {
    if (doc.state === 'recording') return
    throw new Fault(
      'conflict',
      'recording-ended',
      `this recording has ${doc.state === 'failed' ? 'failed' : 'ended'}; start a new one`,
      {
        extra: { state: doc.state, acknowledged: doc.acknowledged },
      },
    )
  }

  return {
    start: async (wanted) => {
      const { id } = await parts.openSession(wanted)
      const doc = await table.insert({
        id,
        state: 'recording',
        owner: wanted.owner,
        acknowledged: 0,
        chunks: 0,
        complete: false,
        started_at: now(),
        touched_at: now(),
      })
      opens(id, { received: 0, acknowledged: 0, chunk_count: 0, complete: false })
      return shown(doc)
    },
    get: async (id) => shown(await find(id)),
    list: async () => {
      const docs = await table.find({ sort: [['started_at', 'desc']], limit: 100 })
      return Promise.all(docs.map(shown))
    },
    stream: (id, { offset, end }, body) =>
      alone(id, async () => {
        checkRecording(await find(id))
        const to = await liveAt(id, offset)
        try {
          await announce(id, 'active')
          for await (const piece of body) await to.feed.push(piece)
          if (end) return await ended(id, await to.feed.end())
          await announce(id, 'paused')
          return await shown(await change(id, { touched_at: now() }))
        } catch (error) {
          if (isFault(error, 'empty-recording'))
            await ended(id, to.feed.progress(), 'a recording of zero bytes')
          else await Promise.all([change(id, { touched_at: now() }), announce(id, 'paused')])
          throw error
        }
      }),
    stop: (id) =>
      alone(id, async () => {
        checkRecording(await find(id))
        return breakOff(id, 'stopped before its source ended')
      }),
    tend: async () => {
      const asked = now()
      const ending = await table.find({ where: { state: 'ending' } }).catch((error) => {
        opened = now()
        throw error
      })
      if (now() - asked > STORE_AWAY) opened = now()
      for (const doc of ending) await handOver(doc)
      for (const id of busy)
        if (now() - (live.get(id)?.told ?? now()) > TELL_EVERY) await announce(id, 'active')
      if (now() - opened <= resumeGrace) return
      const late = await table.find({
        where: { state: 'recording', touched_at: { lt: now() - resumeGrace } },
      })
      for (const { id } of late) {
        if (busy.has(id)) continue
        await alone(id, () => breakOff(id, 'the source went away')).catch((error) =>
          log.warn('break-off-waits', { recording: id, ...errorFields(error) }),
        )
      }
    },
    live: () => live.size,
  }
}
