import { decodeTransaction } from '#common/ethereum/transaction'
import { quantity, readCount } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { Block, Upstream } from './upstream.ts'
import { blockView, receiptView, transactionView } from './views.ts'

/** Blocks, transactions and receipts as JSON-RPC answers them; null is what is not on the chain. */

const loadRaws = (up: Upstream, block: Block): Promise<readonly string[]> =>
  Promise.all(
    block.tx_hashes.map(async (hash) => {
      const transaction = await up.transaction(hash)
      if (transaction === undefined) throw new RpcError('internal', 'a transaction of the block is missing')
      return transaction.raw
    }),
  )

/** A block object, or null; `full` asks for whole transactions instead of their hashes. */
export const readBlock = async (up: Upstream, block: Block | undefined, full: unknown) => {
  if (full !== undefined && typeof full !== 'boolean')
    throw new RpcError('invalid-params', 'expected true for whole transactions or false for their hashes')
  if (block === undefined) return null
  return up.heavy(async () => {
    const raws = await loadRaws(up, block)
    const transactions = await Promise.all(
      (full === true ? raws : []).map((raw, index) =>
        up.step(() => transactionView(decodeTransaction(raw), { block, index })),
      ),
    )
    return up.step(() => blockView(block, raws, full === true ? transactions : undefined))
  })
}

/** A transaction object, mined or pending, or null. */
export const readTransaction = async (up: Upstream, hash: string) => {
  const found = await up.transaction(hash)
  if (found === undefined) return null
  const tx = await up.step(() => decodeTransaction(found.raw))
  if (found.block_number === undefined || found.tx_index === undefined) return transactionView(tx, undefined)
  const block = await up.block(String(found.block_number))
  return transactionView(tx, block && { block, index: found.tx_index })
}

/** The transaction at an index of a block, or null. */
export const readTransactionIn = async (up: Upstream, block: Block | undefined, index: unknown) => {
  const hash = block?.tx_hashes[readCount(index, 'index')]
  return hash === undefined ? null : readTransaction(up, hash)
}

/** A receipt object, or null. */
export const readReceipt = async (up: Upstream, hash: string) => {
  const receipt = await up.receipt(hash)
  if (receipt === undefined) return null
  const [transaction, block] = await Promise.all([up.transaction(hash), up.block(String(receipt.block_number))])
  if (transaction === undefined || block === undefined) return null
  return up.step(() => receiptView(receipt, decodeTransaction(transaction.raw), BigInt(block.base_fee)))
}

/** The receipts of a block, or null. */
export const readReceipts = async (up: Upstream, block: Block | undefined) =>
  block === undefined ? null : up.heavy(() => Promise.all(block.tx_hashes.map((hash) => readReceipt(up, hash))))

/** How many transactions a block has, or null. */
export const countTransactions = (block: Block | undefined): string | null =>
  block === undefined ? null : quantity(block.tx_hashes.length)
