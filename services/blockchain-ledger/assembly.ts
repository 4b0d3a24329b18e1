import { type Fork, rulesAt } from '#common/ethereum/forks'
import type { BlockContext, Executed, Receipt } from '#common/http/chain-model'
import { Fault } from '#common/process/fault'
import { toHex } from '#common/stream/bytes'
import { GAS_LIMIT, nextBaseFee } from './base-fee.ts'
import { encodeHeader, type Header, hashHeader } from './header.ts'
import { indexRoot } from './index-trie.ts'
import type { Sealing } from './seal.ts'
import type { BlockDoc, ReceiptDoc } from './store.ts'

/** What follows a parent block at a time (epoch ms): everything of a block that is not execution. */
export const contextAfter = (
  parent: BlockDoc,
  { chain_id, forks }: { readonly chain_id: number; readonly forks: readonly Fork[] },
  now: number,
): BlockContext => ({
  chain_id,
  number: parent.number + 1,
  parent_hash: parent.id,
  // A clock that was set back must not make a block older than its parent.
  timestamp: Math.max(parent.timestamp, Math.floor(now / 1000)),
  gas_limit: GAS_LIMIT,
  base_fee: String(nextBaseFee(parent)),
  rules: rulesAt(forks, parent.number + 1),
})

/** The header that an execution makes, with roots of our own. Throws Fault conflict `receipts-differ`. */
export const buildHeader = async (
  context: BlockContext,
  transactions: readonly string[],
  executed: Executed,
): Promise<Header> => {
  const receipts_root = await indexRoot(executed.receipts.map(({ encoded }) => encoded))
  if (receipts_root !== executed.receipts_root || executed.receipts.length !== transactions.length)
    throw new Fault('conflict', 'receipts-differ', 'the virtual machine gave receipts that do not match their root')
  return {
    chain_id: context.chain_id,
    number: context.number,
    parent_hash: context.parent_hash,
    timestamp: context.timestamp,
    state_root: executed.state_root,
    transactions_root: await indexRoot(transactions),
    receipts_root,
    logs_bloom: executed.logs_bloom,
    gas_limit: context.gas_limit,
    gas_used: executed.gas_used,
    base_fee: context.base_fee,
  }
}

/** A block as it is kept, but for its seal: all of it follows from the header and the transactions. */
export const buildBlock = (header: Header, txHashes: readonly string[]): Omit<BlockDoc, 'signature'> => {
  const encoded = encodeHeader(header)
  return {
    id: hashHeader(encoded),
    number: header.number,
    parent_hash: header.parent_hash,
    timestamp: header.timestamp,
    state_root: header.state_root,
    receipts_root: header.receipts_root,
    header_rlp: toHex(encoded),
    gas_used: header.gas_used,
    gas_limit: header.gas_limit,
    base_fee: header.base_fee,
    tx_hashes: [...txHashes],
  }
}

/** A block with the signature of the founding key over its hash, or of that of a later branch. */
export const sealBlock = (header: Header, txHashes: readonly string[], sealing: Sealing, branch = 0): BlockDoc => {
  const block = buildBlock(header, txHashes)
  const { public_key, signature } = sealing.ofBranch(branch).seal(block.id)
  return { ...block, signature, ...(branch === 0 ? {} : { sealed_by: public_key }) }
}

/** The receipts of a block as they are kept; logs are numbered across the whole block. */
export const buildReceipts = (block: BlockDoc, executed: Executed): readonly ReceiptDoc[] => {
  let logIndex = 0
  return executed.receipts.map(({ encoded, logs, tx_hash, ...rest }, tx_index) => {
    const receipt: Receipt = {
      ...rest,
      tx_hash,
      tx_index,
      block_number: block.number,
      block_hash: block.id,
      logs: logs.map((log) => ({ ...log, topics: [...log.topics], log_index: logIndex++ })),
    }
    return { id: tx_hash, block_number: block.number, tx_index, encoded, receipt }
  })
}
