import { Fault } from '../../process/fault.ts'
import type { Collection, Doc, Store } from '../store.ts'

const guardedCollection = <T extends Doc>(
  inner: Collection<T>,
  demand: () => Promise<void>,
): Collection<T> => {
  const after = async <R>(work: () => Promise<R>): Promise<R> => {
    await demand()
    return work()
  }
  return {
    get: (id) => after(() => inner.get(id)),
    find: (query) => after(() => inner.find(query)),
    count: (where) => after(() => inner.count(where)),
    insert: (doc) => after(() => inner.insert(doc)),
    insertMany: (docs, options) => after(() => inner.insertMany(docs, options)),
    restore: (docs) => after(() => inner.restore(docs)),
    replace: (doc, rev) => after(() => inner.replace(doc, rev)),
    remove: (id, rev) => after(() => inner.remove(id, rev)),
    claim: (take) => after(() => inner.claim(take)),
  }
}

/**
 * The store that a step works on: before every call `demand` makes sure that this runner still may. Inside a
 * transaction it is asked once, at the start: there only the transaction's own calls can be made.
 */
export const guarded = (store: Store, demand: () => Promise<void>): Store => ({
  collection: (declaration) => guardedCollection(store.collection(declaration), demand),
  transaction: async (work) => {
    await demand()
    return store.transaction(work)
  },
  ping: () => store.ping(),
  close: () =>
    Promise.reject(new Fault('invalid', 'not-yours', 'a migration cannot close the store that it is handed')),
})
