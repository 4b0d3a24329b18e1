import type { Common } from '@ethereumjs/common'
import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager'
import { type BatchDBOp, type DB, KECCAK256_RLP, ValueEncoding } from '@ethereumjs/util'
import { Fault } from '#common/process/fault'
import { equalBytes, fromHex, toHex } from '#common/stream/bytes'
import { reachable } from './reachable.ts'

/** Trie nodes and code by key, the Keccak-256 of the value as hex (code prefixed): never another value under a key. */
export type Nodes = {
  readonly get: (key: string) => Promise<Uint8Array | undefined>
  /** Keeps all of them or none; durable once it resolves. */
  readonly keep: (nodes: ReadonlyMap<string, Uint8Array>) => Promise<void>
}

/** New nodes of one piece of work over the kept ones, as the key/value interface of @ethereumjs/mpt. */
const overlay = (nodes: Nodes, fresh: Map<string, Uint8Array>, failed: (error: unknown) => void) => {
  const db: DB<string, Uint8Array> = {
    get: async (key) => {
      try {
        return fresh.get(key) ?? (await nodes.get(key))
      } catch (error) {
        failed(error)
        throw error
      }
    },
    put: async (key, value) => void fresh.set(key, value),
    // Nodes are shared by many states, so none is ever deleted; without pruning the trie never asks.
    del: async () => {},
    batch: async (operations: BatchDBOp<string, Uint8Array>[]) => {
      for (const operation of operations) if (operation.type === 'put') fresh.set(operation.key, operation.value)
    },
    shallowCopy: () => db,
    open: async () => {},
  }
  return db
}

export type State = {
  readonly manager: MerkleStateManager
  /** Keeps what is new under `root`; intermediate nodes that no longer hang on it are left out. */
  readonly keep: (root: Uint8Array) => Promise<void>
  /** Throws the store's failure, if reading hit one: the EVM's own errors hide it. */
  readonly check: () => void
}

/** True when the state under `root` is kept. Children are never written later than their parent. */
export const hasState = async (nodes: Nodes, root: string): Promise<boolean> =>
  equalBytes(fromHex(root, 32), KECCAK256_RLP) || (await nodes.get(root)) !== undefined

/** Opens the state under `root` (hex). Throws Fault missing `unknown-state` when it is not kept. */
export const openState = async (common: Common, nodes: Nodes, root: string): Promise<State> => {
  if (!(await hasState(nodes, root)))
    throw new Fault('missing', 'unknown-state', `no state is kept under root ${root}; re-execute its blocks`)
  const fresh = new Map<string, Uint8Array>()
  let failure: { readonly error: unknown } | undefined
  const db = overlay(nodes, fresh, (error) => {
    failure ??= { error }
  })
  const trie = new MerklePatriciaTrie({
    db,
    common,
    root: fromHex(root, 32),
    useKeyHashing: true,
    valueEncoding: ValueEncoding.Bytes,
  })
  const manager = new MerkleStateManager({ common, trie, caches: new Caches() })
  return {
    manager,
    keep: async (after) => nodes.keep(reachable(fresh, toHex(after))),
    check: () => {
      if (failure) throw failure.error
    },
  }
}
