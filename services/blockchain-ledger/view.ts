import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { indexProof } from './index-trie.ts'
import type {
  Block,
  BlockPage,
  BlockWithReceipts,
  Head,
  Receipt,
  ReceiptProof,
  Transaction,
} from './model.ts'
import { type BlockDoc, collections, type ReceiptDoc } from './store.ts'

/** A page ends early after the block that reaches this many receipts, so that a reply stays below 2 MB or so. */
const PAGE_RECEIPTS = 1000

export const headView = ({ number, id, timestamp }: BlockDoc): Head => ({ number, hash: id, timestamp })

const missing = (what: string) => new Fault('missing', 'not-on-chain', `${what} is not known on this chain`)

/** What the chain answers about itself; `sealerKey` is the key of all its seals. */
export const views = (store: Store, sealerKey: string) => {
  const { blocks, transactions, receipts } = collections(store)

  const blockView = ({ id, signature, ...rest }: BlockDoc): Block => {
    const { rev: _rev, ...block } = rest as typeof rest & { readonly rev?: number }
    return {
      ...block,
      tx_hashes: [...block.tx_hashes],
      hash: id,
      sealer: { public_key: sealerKey, signature },
    }
  }

  const receiptsIn = (number: number): Promise<readonly ReceiptDoc[]> =>
    receipts.find({ where: { block_number: number }, sort: [['tx_index', 'asc']] })

  const findBlock = async (ref: string, head: BlockDoc): Promise<BlockDoc> => {
    if (ref === 'latest') return head
    const found =
      ref.length === 64
        ? await blocks.get(ref)
        : (await blocks.find({ where: { number: Number(ref) }, limit: 1 }))[0]
    if (found === undefined) throw missing(`block ${ref}`)
    return found
  }

  const receiptDoc = async (hash: string): Promise<ReceiptDoc> => {
    const doc = await receipts.get(hash)
    if (doc === undefined) throw missing(`a receipt of ${hash}`)
    return doc
  }

  return {
    /** Throws Fault missing `not-on-chain`, as all of these. */
    block: async (ref: string, head: BlockDoc): Promise<Block> => blockView(await findBlock(ref, head)),

    page: async (from: number, limit: number, head: BlockDoc): Promise<BlockPage> => {
      const found = await blocks.find({ where: { number: { gte: from } }, sort: [['number', 'asc']], limit })
      const page: BlockWithReceipts[] = []
      let count = 0
      for (const block of found) {
        const inside = (await receiptsIn(block.number)).map(({ receipt }) => receipt)
        page.push({ ...blockView(block), receipts: inside })
        count += inside.length
        if (count >= PAGE_RECEIPTS) break
      }
      return { blocks: page, head: headView(head) }
    },

    transaction: async (hash: string): Promise<Transaction> => {
      const doc = await transactions.get(hash)
      if (doc === undefined) throw missing(`transaction ${hash}`)
      const { raw, state, block_number, tx_index } = doc
      const place = block_number === undefined || tx_index === undefined ? {} : { block_number, tx_index }
      return { tx_hash: hash, raw, state, ...place }
    },

    receipt: async (hash: string): Promise<Receipt> => (await receiptDoc(hash)).receipt,

    proof: async (hash: string, head: BlockDoc): Promise<ReceiptProof> => {
      const { tx_index, block_number } = await receiptDoc(hash)
      const block = blockView(await findBlock(String(block_number), head))
      const encoded = (await receiptsIn(block_number)).map((one) => one.encoded)
      return {
        tx_index,
        receipt_proof: await indexProof(encoded, tx_index),
        header_rlp: block.header_rlp,
        block_hash: block.hash,
        block_number,
        sealer: block.sealer,
      }
    },
  }
}
