import type { Fork } from '#common/ethereum/forks'
import type { Block, Receipt } from '#common/http/chain-model'
import { Fault } from '#common/process/fault'
import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'
import type { Branch } from './branch.ts'
import type { Pending } from './pending.ts'

export type MetaDoc = {
  readonly id: 'chain'
  readonly chain_id: number
  readonly registrar: string
  readonly genesis_hash: string
  readonly sealer_public_key: string
  /** Hash of the newest block; replaced by revision, so that two ledgers cannot grow one store. */
  readonly head: string
  /** Absent until a release that knows forks opens the chain. */
  readonly forks?: readonly Fork[]
  /** The newest block that was made by `forks`; behind the head, the ones in between were made by an older release. */
  readonly forks_until?: number
  /** Begun by `recover chain`; see branch.ts. */
  readonly branches?: readonly Branch[]
}

/** A block, id = hash. `header` is what was signed, and in fields. `sealed_by` is the key of a later branch. */
export type BlockDoc = Omit<Block, 'hash' | 'sealer'> & {
  readonly id: string
  readonly signature: string
  readonly sealed_by?: string
}

/** A transaction, id = hash. */
export type TransactionDoc = Omit<Pending, 'hash' | 'max_fee' | 'value'> & {
  readonly id: string
  readonly max_fee: string
  readonly value: string
  readonly state: 'pending' | 'mined'
  readonly block_number?: number
  readonly tx_index?: number
}

/** A receipt, id = transaction hash. `encoded` is what the receipts trie holds. */
export type ReceiptDoc = {
  readonly id: string
  readonly block_number: number
  readonly tx_index: number
  readonly encoded: string
  readonly receipt: Receipt
}

const metas: Declaration<MetaDoc> = { name: 'meta', fields: {} }
const blocks: Declaration<BlockDoc> = {
  name: 'blocks',
  fields: { number: 'integer' },
  required: ['number'],
  unique: [['number']],
}
const transactions: Declaration<TransactionDoc> = {
  name: 'transactions',
  fields: { sender: 'text', nonce: 'integer', state: 'text', received_at: 'integer' },
  required: ['sender', 'nonce'],
  unique: [['sender', 'nonce']],
  indexes: [['state', 'received_at']],
}
const receipts: Declaration<ReceiptDoc> = {
  name: 'receipts',
  fields: { block_number: 'integer', tx_index: 'integer' },
  required: ['block_number', 'tx_index'],
  unique: [['block_number', 'tx_index']],
}

/** All that the ledger keeps. */
export const schema: StoreSchema = { collections: [metas, blocks, transactions, receipts], migrations: [] }

/** The ledger's four collections; inside a transaction, those of the `tx` that is handed in. */
export const collections = (store: Store) => ({
  meta: store.collection(metas),
  blocks: store.collection(blocks),
  transactions: store.collection(transactions),
  receipts: store.collection(receipts),
})

export const pendingDoc = ({ hash: id, max_fee, value, ...rest }: Pending): TransactionDoc => ({
  ...rest,
  id,
  max_fee: String(max_fee),
  value: String(value),
  state: 'pending',
})

export const parsePending = (doc: TransactionDoc): Pending => {
  const { id: hash, raw, sender, nonce, gas, max_fee, value, received_at } = doc
  return { hash, raw, sender, nonce, gas, max_fee: BigInt(max_fee), value: BigInt(value), received_at }
}

/** What one new block changes. */
export type Commit = {
  readonly block: BlockDoc
  readonly receipts: readonly ReceiptDoc[]
  readonly mined: readonly string[]
  readonly dropped: readonly string[]
}

/**
 * Keeps a block with everything that follows from it, or nothing of it. Throws Fault conflict `stale` when
 * another process moved the head, missing `transaction-gone` when a mined transaction was not waiting.
 */
export const commitBlock = async (store: Store, parent: string, commit: Commit): Promise<void> =>
  store.transaction(async (tx) => {
    const inside = collections(tx)
    await moveHead(inside, parent, commit.block)
    await inside.blocks.insert(commit.block)
    await inside.receipts.insertMany(commit.receipts, { onDuplicate: 'fail' })
    for (const [tx_index, hash] of commit.mined.entries()) {
      const doc = await inside.transactions.get(hash)
      if (doc === undefined || doc.state !== 'pending')
        throw new Fault('missing', 'transaction-gone', `transaction ${hash} does not wait for a block`)
      const { rev, ...rest } = doc
      await inside.transactions.replace({ ...rest, state: 'mined', block_number: commit.block.number, tx_index }, rev)
    }
    for (const hash of commit.dropped) await inside.transactions.remove(hash)
  })

const moveHead = async ({ meta }: ReturnType<typeof collections>, from: string, { id, number }: BlockDoc) => {
  const doc = await meta.get('chain')
  if (doc === undefined || doc.head !== from)
    throw new Fault('conflict', 'stale', 'the head of the chain is not where this process left it')
  const { rev, ...rest } = doc
  await meta.replace({ ...rest, head: id, forks_until: number }, rev)
}

/** Begins a branch above the head. Throws Fault conflict `stale` when the head is another. */
export const beginBranch = (store: Store, head: string, branch: Branch): Promise<void> =>
  store.transaction(async (tx) => {
    const { meta } = collections(tx)
    const doc = await meta.get('chain')
    if (doc === undefined || doc.head !== head)
      throw new Fault('conflict', 'stale', 'the head of the chain is not where this process left it')
    const { rev, branches = [], ...rest } = doc
    await meta.replace({ ...rest, branches: [...branches, branch] }, rev)
  })
