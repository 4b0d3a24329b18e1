import { isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import type { Pending } from './pending.ts'
import { senderNonces } from './sender-nonces.ts'
import { collections, parsePending, pendingDoc } from './store.ts'
import { waitingTransactions } from './waiting.ts'

/** Transactions whose keeping the store did not confirm, and how it is learnt what became of them. */
const unconfirmed = (store: Store, onKept: (one: Pending) => void) => {
  const { transactions } = collections(store)
  const unsure = new Map<string, Pending>()
  let settling: Promise<void> | undefined

  /** By a write, since a read could be overtaken by the one that is still on its way. */
  const settleAll = async (): Promise<void> => {
    for (const one of [...unsure.values()]) {
      await transactions.insert(pendingDoc(one)).then(
        () => onKept(one),
        async (error) => {
          if (!isFault(error, 'duplicate')) throw error
          const doc = await transactions.get(one.hash)
          if (doc?.state === 'pending') onKept(parsePending(doc))
        },
      )
      unsure.delete(one.hash)
    }
  }

  return {
    add: (one: Pending): void => void unsure.set(one.hash, one),
    isEmpty: (): boolean => unsure.size === 0,
    settle: (): Promise<void> => {
      settling ??= settleAll().finally(() => {
        settling = undefined
      })
      return settling
    },
  }
}

/** Waiting transactions: kept in the store first, then known here. */
export const openPool = async (store: Store) => {
  const { transactions } = collections(store)
  const waiting = waitingTransactions()
  const nonces = senderNonces(store)
  const unsure = unconfirmed(store, waiting.add)

  for (const doc of await transactions.find({ where: { state: 'pending' } })) waiting.add(parsePending(doc))

  const { all, has, size, full, of } = waiting
  return {
    ...{ all, has, size, full, of },
    /** Learns what became of transactions whose keeping was not confirmed. Throws what the store throws. */
    settle: unsure.settle,
    isSettled: unsure.isEmpty,
    /** The nonce of a sender's account at the head. */
    loadNext: nonces.load,
    /** Next nonce of a sender that waits; loaded by `prepare`. */
    next: nonces.of,
    /** Loads what `next` answers for all who wait. */
    prepare: async (): Promise<void> => {
      await unsure.settle()
      for (const sender of new Set([...all()].map((one) => one.sender))) await nonces.load(sender)
    },
    /** Durable once it resolves. Throws Fault conflict `duplicate`; after `unavailable` only `settle` knows. */
    add: async (one: Pending): Promise<void> => {
      try {
        await transactions.insert(pendingDoc(one))
      } catch (error) {
        if (isFault(error) && error.kind === 'unavailable' && error.code !== 'disk-full') unsure.add(one)
        throw error
      }
      waiting.add(one)
    },
    /** After a block was committed: its transactions wait no more. */
    mined: (hashes: readonly string[]): void => {
      for (const hash of hashes) {
        const one = waiting.remove(hash)
        if (one) nonces.use(one.sender, one.nonce)
      }
    },
    forget: (hashes: readonly string[]): void => {
      for (const hash of hashes) waiting.remove(hash)
    },
  }
}

export type Pool = Awaited<ReturnType<typeof openPool>>
