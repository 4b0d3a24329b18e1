import type { StreamGap } from '#common/http/session-model'
import { isFault } from '#common/process/fault'
import { type AbsenceCause, causeOf, findGap } from './absence.ts'
import type { StreamPosition } from './delivery.ts'
import type { LiveFeed, LiveFeeds } from './live-feeds.ts'
import type { Source } from './sources.ts'
import type { RecordingDoc } from './store.ts'

/** One body of a source. `isWhole`: the source kept what it had sent, so that the time it was away is no gap. */
export type Intake = {
  readonly offset: number
  readonly isEnd: boolean
  readonly isWhole: boolean
  readonly body: AsyncIterable<Uint8Array>
}

export type IntakeParts = {
  readonly feeds: Pick<LiveFeeds, 'at' | 'put'>
  readonly now: () => number
  readonly steady: () => number
  readonly announce: (id: string, state: 'active' | 'paused', gaps?: readonly StreamGap[]) => Promise<unknown>
  /** States that recorded time is missing; durable before the byte behind it is taken. */
  readonly addGap: (id: string, gap: StreamGap) => Promise<RecordingDoc>
  readonly touch: (id: string, isPaused: boolean) => Promise<RecordingDoc>
  readonly end: (
    id: string,
    fed: StreamPosition,
    end: { readonly endedAt: number; readonly reason?: string },
  ) => Promise<RecordingDoc>
}

/** Takes one body of a source into a recording. Answers the recording after it; throws what ended the body early. */
export const takeIn = async (
  { id, started_at }: RecordingDoc,
  source: Source,
  { offset, isEnd, isWhole, body }: Intake,
  { feeds, now, steady, announce, addGap, touch, end }: IntakeParts,
): Promise<RecordingDoc> => {
  const live: LiveFeed = await feeds.at(id, offset)
  const { feed, absence } = live
  const steadyBackAt = steady()

  /** The first byte has come: only now is anything changed. */
  const begin = async (to: number): Promise<void> => {
    const from = feed.lastByteAt() ?? started_at
    const gap = absence && !isWhole ? findGap(absence, { offset, from, steadyBackAt, to }) : undefined
    await feeds.put(id, live, { isWhole })
    const doc = gap === undefined ? undefined : await addGap(id, gap)
    live.absence = undefined
    await announce(id, 'active', doc?.gaps)
  }

  const leave = async (cause: AbsenceCause): Promise<void> => {
    live.absence = { since: now(), steadySince: steady(), cause }
    await announce(id, 'paused')
  }

  let cameAt: number | undefined
  try {
    for await (const piece of source.pieces(body)) {
      const isFirst = cameAt === undefined
      cameAt = now()
      if (isFirst) await begin(cameAt)
      await feed.push(piece, cameAt)
    }
    if (isEnd) {
      source.end()
      // An end that is said later, without a byte, is that of the time at which the source was last there.
      const endedAt = cameAt === undefined && absence !== undefined ? absence.since : now()
      return await end(id, await feed.end(), { endedAt })
    }
    if (cameAt !== undefined) await leave('paused')
    return await touch(id, true)
  } catch (error) {
    if (cameAt !== undefined) await leave(causeOf(error))
    if (!isFault(error, 'empty-recording')) await touch(id, false)
    throw error
  }
}
