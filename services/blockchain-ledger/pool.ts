import { isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import type { Pending } from './pending.ts'
import { collections, pendingDoc, pendingOf } from './store.ts'

/** Most transactions, and most bytes of them as hex, that wait at once. */
export const POOL_COUNT = 10_000
export const POOL_CHARS = 64 * 1024 * 1024

/** Waiting transactions: kept in the store first, then known here. */
export const openPool = async (store: Store) => {
  const { transactions } = collections(store)
  const waiting = new Map<string, Pending>()
  const next = new Map<string, number>()
  /** Those that the store may have kept or not: it went away before it said so. */
  const unsure = new Map<string, Pending>()
  let chars = 0

  const remember = (one: Pending) => {
    if (waiting.has(one.hash)) return
    waiting.set(one.hash, one)
    chars += one.raw.length
  }
  const forget = (hash: string) => {
    const one = waiting.get(hash)
    if (one === undefined) return
    waiting.delete(hash)
    chars -= one.raw.length
  }

  for (const doc of await transactions.find({ where: { state: 'pending' } })) remember(pendingOf(doc))

  /** The nonce of a sender's account at the head: accounts start at 0 and only their transactions count. */
  const loadNext = async (sender: string): Promise<number> => {
    const known = next.get(sender)
    if (known !== undefined) return known
    const [last] = await transactions.find({
      where: { sender, state: 'mined' },
      sort: [['nonce', 'desc']],
      limit: 1,
    })
    const found = last === undefined ? 0 : last.nonce + 1
    // A block may have been committed while the store was asked: its figure is newer.
    const newer = next.get(sender)
    if (newer !== undefined) return newer
    next.set(sender, found)
    return found
  }

  const recall = async (hash: string): Promise<void> => {
    const doc = await transactions.get(hash)
    if (doc?.state === 'pending') remember(pendingOf(doc))
  }

  /** By a write, since a read could be overtaken by the one that is still on its way. */
  const settleAll = async (): Promise<void> => {
    for (const one of [...unsure.values()]) {
      await transactions.insert(pendingDoc(one)).then(
        () => remember(one),
        (error) => {
          if (!isFault(error, 'duplicate')) throw error
          return recall(one.hash)
        },
      )
      unsure.delete(one.hash)
    }
  }

  let settling: Promise<void> | undefined
  const settle = (): Promise<void> => {
    settling ??= settleAll().finally(() => {
      settling = undefined
    })
    return settling
  }

  return {
    /** Learns what became of transactions whose keeping was not confirmed. Throws what the store throws. */
    settle,
    isSettled: () => unsure.size === 0,
    all: () => waiting.values(),
    has: (hash: string) => waiting.has(hash),
    size: () => waiting.size,
    full: () => waiting.size >= POOL_COUNT || chars >= POOL_CHARS,
    of: (sender: string) => [...waiting.values()].filter((one) => one.sender === sender),
    loadNext,
    /** Next nonce of a sender that waits; loaded by `prepare`. */
    next: (sender: string) => next.get(sender) ?? 0,
    /** Loads what `next` answers for all who wait. */
    prepare: async () => {
      await settle()
      for (const sender of new Set([...waiting.values()].map((one) => one.sender))) await loadNext(sender)
    },
    /** Durable once it resolves. Throws Fault conflict `duplicate`; after `unavailable` only `settle` knows. */
    add: async (one: Pending) => {
      try {
        await transactions.insert(pendingDoc(one))
      } catch (error) {
        if (isFault(error) && error.kind === 'unavailable' && error.code !== 'disk-full')
          unsure.set(one.hash, one)
        throw error
      }
      remember(one)
    },
    /** After a block was committed: its transactions wait no more. */
    mined: (hashes: readonly string[]) => {
      for (const hash of hashes) {
        const one = waiting.get(hash)
        if (one) next.set(one.sender, Math.max(next.get(one.sender) ?? 0, one.nonce + 1))
        forget(hash)
      }
    },
    forget: (hashes: readonly string[]) => {
      for (const hash of hashes) forget(hash)
    },
  }
}
