import { isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { loadHead } from './opening.ts'
import type { BlockDoc, Commit } from './store.ts'
import { commitBlock } from './store.ts'

export type HeadParts = {
  /** Before anybody may see a block that is kept; the head does not move until it resolves. */
  readonly publish: (block: BlockDoc) => Promise<void>
  readonly onMove: (commit: Commit) => void
}

/** The newest block, and the only way to put another behind it: kept by the store, then published. */
export const openHead = async (store: Store, { publish, onMove }: HeadParts) => {
  let head = await loadHead(store)
  /** Blocks whose commit was not confirmed, or that are kept and not published yet, by hash. */
  const unsure = new Map<string, Commit>()

  const move = async (commit: Commit) => {
    unsure.set(commit.block.id, commit)
    await publish(commit.block)
    head = commit.block
    unsure.clear()
    onMove(commit)
  }

  /** Learns what became of unconfirmed blocks: of all that follow one head one at most is kept. */
  const settle = async (): Promise<void> => {
    if (unsure.size === 0) return
    const committed = unsure.get((await loadHead(store)).id)
    if (committed) await move(committed)
  }

  /** Keeps a block, or throws; after `unavailable` only `settle` knows. */
  const append = async (commit: Commit): Promise<void> => {
    try {
      await commitBlock(store, head.id, commit)
    } catch (error) {
      if (!isFault(error) || error.kind !== 'unavailable' || error.code === 'disk-full') throw error
      // The commit may have reached the disk although its answer did not: the store knows, now or when it is back.
      unsure.set(commit.block.id, commit)
      await settle().catch(() => {})
      if (head.id !== commit.block.id) throw error
      return
    }
    await move(commit)
  }

  return { current: (): BlockDoc => head, settle, append }
}

export type Head = Awaited<ReturnType<typeof openHead>>
