import type { Store } from '#common/store/store'
import { collections } from './store.ts'

/** The nonces of accounts at the head: they start at 0 and only their transactions count. */
export const senderNonces = (store: Store) => {
  const { transactions } = collections(store)
  const next = new Map<string, number>()

  const load = async (sender: string): Promise<number> => {
    const cached = next.get(sender)
    if (cached !== undefined) return cached
    const [last] = await transactions.find({ where: { sender, state: 'mined' }, sort: [['nonce', 'desc']], limit: 1 })
    const found = last === undefined ? 0 : last.nonce + 1
    // A block may have been committed while the store was asked: its figure is newer.
    const newer = next.get(sender)
    if (newer !== undefined) return newer
    next.set(sender, found)
    return found
  }

  return {
    load,
    /** As loaded before. */
    of: (sender: string): number => next.get(sender) ?? 0,
    /** A block holds this nonce of the sender. */
    use: (sender: string, nonce: number): void => {
      next.set(sender, Math.max(next.get(sender) ?? 0, nonce + 1))
    },
  }
}
