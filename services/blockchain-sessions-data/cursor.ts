import { decodeEvents, type EventRow, linked, type SourceBlock } from './event.ts'
import type { Difference, Replay } from './model.ts'

/** Where the index stands: the next block to read and the hash of the one before it. */
export type Cursor = { readonly id: 'follow'; readonly next: number; readonly hash?: string }
export type ReplayCursor = Replay & { readonly id: 'replay' }

/** The events that the chain has in the blocks `from`..`to`; to the end of all when `to` is undefined. */
export type EventRange = { readonly from: number; readonly to: number | undefined; readonly chain: readonly EventRow[] }

/** A page of the ledger's blocks, and the number of its head. */
export type Page = { readonly blocks: readonly SourceBlock[]; readonly head: number }

/** Differences that are named; all are counted. */
const NAMED = 100

export type FollowStep =
  | { readonly type: 'idle' }
  /** The ledger has another history than the index. */
  | { readonly type: 'rewind'; readonly cursor: Cursor }
  /** The page does not even link in itself. */
  | { readonly type: 'inconsistent' }
  | { readonly type: 'index'; readonly range: EventRange; readonly cursor: Cursor }

/** What a page means for a cursor. The page that reaches the head also ends what the index has above it. */
export const planFollow = (cursor: Cursor, { blocks, head }: Page, contract: string): FollowStep => {
  if (head < cursor.next - 1 || !linked(blocks, cursor.next, cursor.hash))
    return cursor.next > 0 ? { type: 'rewind', cursor: { id: 'follow', next: 0 } } : { type: 'inconsistent' }
  const last = blocks.at(-1)
  if (last === undefined) return { type: 'idle' }
  return {
    type: 'index',
    range: {
      from: cursor.next,
      to: last.number >= head ? undefined : last.number,
      chain: blocks.flatMap((block) => decodeEvents(block, contract)),
    },
    cursor: { id: 'follow', next: last.number + 1, hash: last.hash },
  }
}

/** A replay from a block on, to where the index stands now. */
export const beginReplay = (from: number, { next }: Cursor): ReplayCursor => ({
  id: 'replay',
  ...{ from, until: next - 1, next: from, done: from >= next },
  ...{ checked: 0, differed: 0, differences: [] },
})

/** The blocks of a page that a replay compares; undefined when there is nothing more to compare. */
export const planReplay = (cursor: ReplayCursor, page: Page, contract: string): EventRange | undefined => {
  const blocks = page.blocks.filter(({ number }) => number <= cursor.until)
  const last = blocks.at(-1)
  if (last === undefined || !linked(blocks, cursor.next, undefined)) return undefined
  const chain = blocks.flatMap((block) => decodeEvents(block, contract))
  return { from: cursor.next, to: last.number, chain }
}

/** The replay after a range that differed in these. */
export const advanceReplay = (
  cursor: ReplayCursor,
  { to = cursor.until, chain }: EventRange,
  differences: readonly Difference[],
): ReplayCursor => ({
  ...cursor,
  next: to + 1,
  done: to + 1 > cursor.until,
  checked: cursor.checked + chain.length,
  differed: cursor.differed + differences.length,
  differences: [...cursor.differences, ...differences].slice(0, NAMED),
})

/** What callers see of a replay. */
export const replayView = ({ from, until, next, done, checked, differed, differences }: ReplayCursor): Replay => ({
  ...{ from, until, next, done, checked, differed, differences },
})
