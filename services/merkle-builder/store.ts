import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'

/** A tree is its leaves: everything else follows from them. `leaves` is their hex, joined. */
export type TreeDoc = {
  readonly id: string
  readonly leaves: string
  readonly root: string
  readonly chunk_count: number
}

const trees: Declaration<TreeDoc> = { name: 'merkle_trees', fields: { root: 'text' } }

/** All that merkle-builder keeps. */
export const schema: StoreSchema = { collections: [trees], migrations: [] }

export const treeTable = (store: Store) => store.collection(trees)
