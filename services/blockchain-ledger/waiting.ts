import type { Pending } from './pending.ts'

/** Most transactions, and most bytes of them as hex, that wait at once. */
export const WAITING_COUNT = 10_000
export const WAITING_CHARS = 64 * 1024 * 1024

/** Transactions that wait for a block, by hash, in order of arrival. Memory only. */
export const waitingTransactions = () => {
  const byHash = new Map<string, Pending>()
  let chars = 0
  return {
    add: (one: Pending): void => {
      if (byHash.has(one.hash)) return
      byHash.set(one.hash, one)
      chars += one.raw.length
    },
    remove: (hash: string): Pending | undefined => {
      const one = byHash.get(hash)
      if (one === undefined) return undefined
      byHash.delete(hash)
      chars -= one.raw.length
      return one
    },
    has: (hash: string): boolean => byHash.has(hash),
    all: () => byHash.values(),
    of: (sender: string): readonly Pending[] => [...byHash.values()].filter((one) => one.sender === sender),
    size: (): number => byHash.size,
    full: (): boolean => byHash.size >= WAITING_COUNT || chars >= WAITING_CHARS,
  }
}
