import { Fault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import { keepSealed } from '#common/store/sealed-blocks'
import type { Store } from '#common/store/store'
import {
  advanceReplay,
  beginReplay,
  type Page,
  planFollow,
  planReplay,
  type ReplayCursor,
  replayView,
} from './cursor.ts'
import type { SourceBlock } from './event.ts'
import type { Progress, Replay } from './model.ts'
import { applyEvents, readCursor, readReplay, saveCursor } from './store.ts'

/** A page of the ledger's blocks from a number on, and its head. */
export type ReadBlocks = (
  from: number,
  limit: number,
) => Promise<{ readonly blocks: readonly SourceBlock[]; readonly head: { readonly number: number } }>

export type Follower = {
  /** Reads one page, for the replay if one runs, else forward. True when there was something to read. */
  readonly step: () => Promise<boolean>
  /** Begins to compare the index with the chain again from a block on. */
  readonly replay: (from: number) => Promise<Replay>
  readonly progress: () => Promise<Progress>
}

export type FollowerParts = {
  readonly store: Store
  readonly read: ReadBlocks
  readonly contract: string
  readonly log: Log
}

/** Blocks a page: 20 full ones are about 2.5 MB on the wire. */
const PAGE = 20

/** Moves the index forward by a page. True when there was something to do. */
const follow = async ({ store, contract, log }: FollowerParts, page: (from: number) => Promise<Page>) => {
  const cursor = await readCursor(store)
  const answer = await page(cursor.next)
  const step = planFollow(cursor, answer, contract)
  if (step.type === 'idle') return false
  if (step.type === 'inconsistent')
    throw new Fault('unavailable', 'ledger-inconsistent', 'the ledger answered blocks that do not link')
  if (step.type === 'rewind') {
    log.warn('history-differs', { indexed: cursor.next - 1, head: answer.head })
    await saveCursor(store, step.cursor)
  } else await applyEvents(store, step.range, () => step.cursor)
  return true
}

/** Compares a page of the index with the chain, and repairs what differs. */
const compare = async ({ store, contract, log }: FollowerParts, cursor: ReplayCursor, page: Page) => {
  const range = planReplay(cursor, page, contract)
  if (range === undefined) return saveCursor(store, { ...cursor, done: true })
  const differences = await applyEvents(store, range, (some) => advanceReplay(cursor, range, some))
  for (const difference of differences) log.warn('index-differed', difference)
}

/**
 * Follows the ledger. Events and cursor commit together, so a crash at any point repeats or continues, never
 * skips. When the ledger's blocks do not link to what was indexed (a restored or replaced chain), everything
 * is read again from block 0 and repaired on the way; the anchors stay readable meanwhile.
 */
export const follower = (parts: FollowerParts): Follower => {
  const { store, read } = parts
  let head = -1

  const page = async (from: number): Promise<Page> => {
    const answer = await read(from, PAGE)
    head = answer.head.number
    const newest = answer.blocks.at(-1)
    if (newest !== undefined) {
      const { number, hash, header_rlp, sealer } = newest
      await keepSealed(store, { block: { number, hash, header_rlp }, sealer })
    }
    return { blocks: answer.blocks, head }
  }

  return {
    step: async () => {
      const replay = await readReplay(store)
      if (replay === undefined || replay.done) return follow(parts, page)
      await compare(parts, replay, await page(replay.next))
      return true
    },
    replay: async (from) => {
      const cursor = beginReplay(from, await readCursor(store))
      await saveCursor(store, cursor)
      return replayView(cursor)
    },
    progress: async () => {
      const { next } = await readCursor(store)
      const replay = await readReplay(store)
      return {
        indexed: next - 1,
        head,
        caught_up: head >= 0 && next > head,
        ...(replay === undefined ? {} : { replay: replayView(replay) }),
      }
    },
  }
}
