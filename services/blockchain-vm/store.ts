import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'
import { recent } from './recent.ts'
import type { Nodes } from './state.ts'

/** Bytes of trie nodes held in memory: the upper levels of the tries, which every block reads again. */
const CACHE_BYTES = 16 * 1024 * 1024

type NodeDoc = { readonly id: string; readonly value: string }

const nodes: Declaration<NodeDoc> = { name: 'nodes', fields: {} }

/** All that the virtual machine keeps. */
export const schema: StoreSchema = { collections: [nodes], migrations: [] }

/** Trie nodes and code in the service's own store. They never change, so what was read once stays true. */
export const nodeStore = (store: Store): Nodes => {
  const kept = store.collection(nodes)
  const cache = recent(CACHE_BYTES)
  return {
    get: async (key) => {
      const known = cache.get(key)
      if (known) return known
      const doc = await kept.get(key)
      if (doc === undefined) return undefined
      const value = Uint8Array.fromBase64(doc.value)
      cache.set(key, value)
      return value
    },
    keep: async (nodes) => {
      const docs = [...nodes].map(([id, value]) => ({ id, value: value.toBase64() }))
      if (docs.length > 0) await kept.insertMany(docs, { onDuplicate: 'ignore' })
      for (const [key, value] of nodes) cache.set(key, value)
    },
  }
}
