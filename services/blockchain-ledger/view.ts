import type { SealedBlock } from '#common/evidence/anchor'
import type { Block, Head, Receipt, ReceiptProof, Transaction } from '#common/http/chain-model'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { indexProof } from './index-trie.ts'
import type { BlockPage, BlockWithReceipts } from './model.ts'
import { type BlockDoc, collections, type ReceiptDoc } from './store.ts'

/** A page ends early after the block that reaches this many characters of receipts. */
const PAGE_SIZE = 2 * 1024 * 1024
/** Characters of a receipt, and of a log, beside the log's data, about. */
const RECEIPT_SIZE = 600
const LOG_SIZE = 500

const sizeOf = ({ logs }: Receipt): number => logs.reduce((sum, { data }) => sum + LOG_SIZE + data.length, RECEIPT_SIZE)

export const headView = ({ number, id, timestamp }: BlockDoc): Head => ({ number, hash: id, timestamp })

/** A block as callers see it; `founding` is the key of its seal where it names no other. */
const blockView = ({ id, signature, sealed_by, ...rest }: BlockDoc, founding: string): Block => {
  const { rev: _rev, ...block } = rest as typeof rest & { readonly rev?: number }
  const sealer = { public_key: sealed_by ?? founding, signature }
  return { ...block, tx_hashes: [...block.tx_hashes], hash: id, sealer }
}

/** A block as what proves that it was sealed. */
export const sealedBlock = (block: BlockDoc, founding: string): SealedBlock => {
  const { number, hash, header_rlp, sealer } = blockView(block, founding)
  return { block: { number, hash, header_rlp }, sealer }
}

/** What the store holds of it. Throws Fault missing `not-on-chain`. */
const requireFound = <T>(found: T | undefined, what: string): T => {
  if (found === undefined) throw new Fault('missing', 'not-on-chain', `${what} is not known on this chain`)
  return found
}

/** Reads of the chain's documents, none beyond the head; each throws Fault missing `not-on-chain`. */
const lookups = (store: Store) => {
  const { blocks, transactions, receipts } = collections(store)
  return {
    block: async (ref: string, head: BlockDoc): Promise<BlockDoc> => {
      if (ref === 'latest') return head
      const [found] =
        ref.length === 64 ? [await blocks.get(ref)] : await blocks.find({ where: { number: Number(ref) }, limit: 1 })
      return requireFound(found && found.number <= head.number ? found : undefined, `block ${ref}`)
    },
    blocksFrom: (from: number, limit: number, head: BlockDoc) =>
      blocks.find({ where: { number: { gte: from, lte: head.number } }, sort: [['number', 'asc']], limit }),
    transaction: async (hash: string) => requireFound(await transactions.get(hash), `transaction ${hash}`),
    receipt: async (hash: string): Promise<ReceiptDoc> =>
      requireFound(await receipts.get(hash), `a receipt of ${hash}`),
    receiptsIn: (number: number): Promise<readonly ReceiptDoc[]> =>
      receipts.find({ where: { block_number: number }, sort: [['tx_index', 'asc']] }),
  }
}

/** What the chain answers about itself; `sealerKey` is the key that it was founded with. */
export const views = (store: Store, sealerKey: string) => {
  const find = lookups(store)
  return {
    /** Throws Fault missing `not-on-chain`, as all of these. */
    block: async (ref: string, head: BlockDoc): Promise<Block> => blockView(await find.block(ref, head), sealerKey),

    page: async (from: number, limit: number, head: BlockDoc): Promise<BlockPage> => {
      const page: BlockWithReceipts[] = []
      let size = 0
      for (const block of await find.blocksFrom(from, limit, head)) {
        const receipts = (await find.receiptsIn(block.number)).map(({ receipt }) => receipt)
        page.push({ ...blockView(block, sealerKey), receipts })
        size += receipts.reduce((sum, receipt) => sum + sizeOf(receipt), 0)
        if (size >= PAGE_SIZE) break
      }
      return { blocks: page, head: headView(head) }
    },

    transaction: async (hash: string): Promise<Transaction> => {
      const { raw, state, block_number, tx_index } = await find.transaction(hash)
      const place = block_number === undefined || tx_index === undefined ? {} : { block_number, tx_index }
      return { tx_hash: hash, raw, state, ...place }
    },

    receipt: async (hash: string): Promise<Receipt> => (await find.receipt(hash)).receipt,

    proof: async (hash: string, head: BlockDoc): Promise<ReceiptProof> => {
      const { tx_index, block_number } = await find.receipt(hash)
      const block = blockView(await find.block(String(block_number), head), sealerKey)
      const encoded = (await find.receiptsIn(block_number)).map((one) => one.encoded)
      const raw = await Promise.all(block.tx_hashes.map(async (one) => (await find.transaction(one)).raw))
      return {
        tx_index,
        receipt_proof: await indexProof(encoded, tx_index),
        tx_proof: await indexProof(raw, tx_index),
        header_rlp: block.header_rlp,
        block_hash: block.hash,
        block_number,
        sealer: block.sealer,
      }
    },
  }
}
