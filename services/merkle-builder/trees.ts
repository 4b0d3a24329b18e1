import { inclusionProof, merkleRoot, verifyProof } from '#common/evidence/merkle'
import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { fromHex } from '#common/stream/bytes'
import type { Proof, Tree } from './model.ts'
import { type TreeDoc, treeTable } from './store.ts'

export type Trees = {
  /** Builds and keeps the tree. The same leaves again are the same tree; others are Fault `root-differs`. */
  readonly build: (session: string, leaves: readonly string[]) => Promise<Tree>
  readonly root: (session: string) => Promise<Tree>
  /** Throws Fault `missing`: `no-such-tree`, `no-such-leaf`. */
  readonly proof: (session: string, index: number) => Promise<Proof>
}

const publicTree = ({ id, root, chunk_count }: TreeDoc): Tree => ({ session: id, root, chunk_count })

const readLeaves = ({ leaves, chunk_count }: TreeDoc) =>
  Array.from({ length: chunk_count }, (_, at) => fromHex(leaves.slice(at * 64, at * 64 + 64), 32))

/** The trees of all sealed sessions. */
export const trees = (store: Store): Trees => {
  const table = treeTable(store)
  const find = async (session: string): Promise<TreeDoc> => {
    const doc = await table.get(session)
    if (doc === undefined) throw new Fault('missing', 'no-such-tree', 'this session has no tree; build it first')
    return doc
  }
  return {
    build: async (session, leaves) => {
      const root = merkleRoot(leaves.map((leaf) => fromHex(leaf, 32))).toHex()
      const tree: TreeDoc = { id: session, leaves: leaves.join(''), root, chunk_count: leaves.length }
      try {
        return publicTree(await table.insert(tree))
      } catch (error) {
        if (!isFault(error, 'duplicate')) throw error
        const stored = await find(session)
        if (stored.leaves !== tree.leaves)
          throw new Fault('conflict', 'root-differs', 'this session was sealed with other chunks')
        return publicTree(stored)
      }
    },
    root: async (session) => publicTree(await find(session)),
    proof: async (session, index) => {
      const { leaf, path, root, count } = inclusionProof(readLeaves(await find(session)), index)
      return {
        chunk_index: index,
        leaf: leaf.toHex(),
        path: path.map(({ hash, side }) => ({ hash: hash.toHex(), side })),
        root: root.toHex(),
        chunk_count: count,
      }
    },
  }
}

/** True if the proof holds by itself: path shape, fold and root. */
export const holds = ({ chunk_index, chunk_count, leaf, path, root }: Proof): boolean =>
  verifyProof({
    index: chunk_index,
    count: chunk_count,
    leaf: fromHex(leaf, 32),
    path: path.map((step) => ({ hash: fromHex(step.hash, 32), side: step.side })),
    root: fromHex(root, 32),
  })
