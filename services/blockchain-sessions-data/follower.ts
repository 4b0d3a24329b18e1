import { Fault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { eventsOf, linked, type SourceBlock } from './event.ts'
import type { Difference, Progress, Replay } from './model.ts'
import { applyEvents, type Cursor, keepCursor, type ReplayCursor, readCursor, readReplay } from './store.ts'

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

/** Blocks a page: 20 full ones are about 2.5 MB on the wire. */
const PAGE = 20
/** Differences kept by name; all are counted. */
const NAMED = 100

const publicReplay = ({ id: _id, ...replay }: ReplayCursor & { readonly rev?: number }): Replay => {
  const { from, until, next, done, checked, differed, differences } = replay
  return { from, until, next, done, checked, differed, differences }
}

/**
 * Follows the ledger. Events and cursor commit together, so a crash at any point repeats or continues, never
 * skips. When the ledger's blocks do not link to what was indexed (a restored or replaced chain), everything
 * is read again from block 0 and mended on the way; the anchors stay readable meanwhile.
 */
export const follower = ({
  store,
  read,
  contract,
  log,
}: {
  readonly store: Store
  readonly read: ReadBlocks
  readonly contract: string
  readonly log: Log
}): Follower => {
  let head = -1

  const page = async (from: number) => {
    const answer = await read(from, PAGE)
    head = answer.head.number
    return answer.blocks
  }

  const rewind = async (cursor: Cursor): Promise<boolean> => {
    log.warn('history-differs', { indexed: cursor.next - 1, head })
    await keepCursor(store, { id: 'follow', next: 0 })
    return true
  }

  const forward = async (): Promise<boolean> => {
    const cursor = await readCursor(store)
    const blocks = await page(cursor.next)
    if (head < cursor.next - 1 || !linked(blocks, cursor.next, cursor.hash)) {
      if (cursor.next > 0) return rewind(cursor)
      throw new Fault('unavailable', 'ledger-inconsistent', 'the ledger answered blocks that do not link')
    }
    const last = blocks.at(-1)
    if (last === undefined) return false
    const chain = blocks.flatMap((block) => eventsOf(block, contract))
    const to = last.number >= head ? undefined : last.number
    await applyEvents(store, { from: cursor.next, to, chain }, () => ({
      id: 'follow',
      next: last.number + 1,
      hash: last.hash,
    }))
    return true
  }

  const advance = (cursor: ReplayCursor, next: number, checked: number, found: readonly Difference[]) => ({
    ...cursor,
    next,
    done: next > cursor.until,
    checked: cursor.checked + checked,
    differed: cursor.differed + found.length,
    differences: [...cursor.differences, ...found].slice(0, NAMED),
  })

  const compare = async ({ rev: _rev, ...cursor }: ReplayCursor & { readonly rev?: number }) => {
    const blocks = (await page(cursor.next)).filter(({ number }) => number <= cursor.until)
    const last = blocks.at(-1)
    if (last === undefined || !linked(blocks, cursor.next, undefined)) {
      await keepCursor(store, { ...cursor, done: true })
      return true
    }
    const chain = blocks.flatMap((block) => eventsOf(block, contract))
    const range = { from: cursor.next, to: last.number, chain }
    const found = await applyEvents(store, range, (differences) =>
      advance(cursor, last.number + 1, chain.length, differences),
    )
    for (const difference of found) log.warn('index-differed', difference)
    return true
  }

  return {
    step: async () => {
      const replay = await readReplay(store)
      return replay !== undefined && !replay.done ? compare(replay) : forward()
    },
    replay: async (from) => {
      const { next } = await readCursor(store)
      const running = { from, until: next - 1, next: from, done: from >= next }
      const cursor = { id: 'replay', ...running, checked: 0, differed: 0, differences: [] } as const
      await keepCursor(store, { ...cursor, differences: [] })
      return publicReplay({ ...cursor, differences: [] })
    },
    progress: async () => {
      const { next } = await readCursor(store)
      const replay = await readReplay(store)
      return {
        indexed: next - 1,
        head,
        caught_up: head >= 0 && next > head,
        ...(replay === undefined ? {} : { replay: publicReplay(replay) }),
      }
    },
  }
}
