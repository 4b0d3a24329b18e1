import { AsyncLocalStorage } from 'node:async_hooks'
import { Fault } from '../process/fault.ts'
import type { Effect } from './operations.ts'
import type { Declared } from './shape.ts'
import type { Collection, Doc, Store } from './store.ts'

/** A running transaction. `failure` is its first failed write, after which nothing of it may be kept. */
export type Running = { open: boolean; failure?: { readonly error: unknown } }

/** Rules of a transaction for all drivers: no outer store within; a failed write, though caught, spoils it; it ends. */
export type TransactionRules = {
  /** Throws Fault invalid `outside-transaction` when called from inside a running transaction. */
  readonly requireOutside: () => void
  /** Runs `work` as the inside of a transaction; throws what `work` threw, else the failure it swallowed. */
  readonly run: <R>(running: Running, work: () => Promise<R>) => Promise<R>
  /** One call inside it. Throws Fault invalid `transaction-over` after its end. */
  readonly call: <R>(running: Running, effect: Effect, work: () => R | Promise<R>) => Promise<R>
  /** The store that `work` is handed. */
  readonly store: (collection: (declaration: Declared) => Collection<Doc>) => Store
}

/** The rules for one store. */
export const transactionRules = (): TransactionRules => {
  const inside = new AsyncLocalStorage<Running>()
  return {
    requireOutside: () => {
      if (inside.getStore()?.open)
        throw new Fault('invalid', 'outside-transaction', 'inside a transaction use only the tx that was handed in')
    },
    run: async (running, work) => {
      try {
        const result = await inside.run(running, work)
        if (running.failure) throw running.failure.error
        return result
      } finally {
        running.open = false
      }
    },
    call: async (running, effect, work) => {
      if (!running.open) throw new Fault('invalid', 'transaction-over', 'this transaction has ended')
      try {
        return await work()
      } catch (error) {
        if (effect === 'write') running.failure ??= { error }
        throw error
      }
    },
    store: (collection) => ({
      // The one place where a declared document type is taken on trust: see `Declaration`.
      collection: collection as unknown as Store['collection'],
      transaction: () => Promise.reject(new Fault('invalid', 'nested-transaction', 'transactions do not nest')),
      ping: async () => {},
      close: () => Promise.reject(new Fault('invalid', 'outside-transaction', 'a transaction cannot close the store')),
    }),
  }
}
