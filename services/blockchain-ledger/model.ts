import { type Static, t } from 'elysia'
import { Hex20, Hex32 } from '#common/evidence/fields'
import { Block, ChainFacts, Head, hexBytes, MAX_TRANSACTION_BYTES, Receipt } from '#common/http/chain-model'

/** Wire contract of the ledger, beside what all services of the chain share (common/http/chain-model.ts). */
export const Submission = t.Object({
  raw: hexBytes('signed transaction as EIP-2718 envelope or legacy RLP', MAX_TRANSACTION_BYTES),
})

export const Accepted = t.Object({ tx_hash: Hex32 })
export type Accepted = Static<typeof Accepted>

export const Chain = t.Object({ ...ChainFacts.properties, registrar: Hex20 })

export const BlockWithReceipts = t.Composite([Block, t.Object({ receipts: t.Array(Receipt) })])
export type BlockWithReceipts = Static<typeof BlockWithReceipts>

export const BlockPage = t.Object({ blocks: t.Array(BlockWithReceipts), head: Head })
export type BlockPage = Static<typeof BlockPage>

export const PageQuery = t.Object({
  from: t.Integer({ minimum: 0, default: 0 }),
  limit: t.Integer({ minimum: 1, maximum: 100, default: 100 }),
})

export const NextNonce = t.Object({ next: t.Integer({ minimum: 0, description: 'pending included' }) })
export const AddressParams = t.Object({ address: Hex20 })
