import { type Static, t } from 'elysia'
import type { RuleSet } from '../ethereum/forks.ts'
import { Hex20, Hex32, Hex64, Natural, SessionId } from '../evidence/fields.ts'

/**
 * What the services of the chain say to each other and to the public. Hex is lower case without prefix, block times are
 * seconds (the EVM's unit), wei and gas prices decimal strings because they outgrow a JSON number.
 */

/** Bytes of any number. Of pairs only where a length is given: what a pattern of them costs grows faster than its input. */
export const hexBytes = (description: string, maxBytes?: number) =>
  t.String({
    ...(maxBytes === undefined
      ? { pattern: '^[0-9a-f]*$' }
      : { pattern: '^(?:[0-9a-f]{2})*$', maxLength: 2 * maxBytes }),
    description,
  })

/** A signed transaction larger than this is refused: an anchor needs 400 bytes, a contract below 50,000. */
export const MAX_TRANSACTION_BYTES = 131_072

export const Decimal = t.String({ pattern: '^[0-9]{1,78}$' })
export const Rules = t.Union([t.Literal('cancun' satisfies RuleSet), t.Literal('cancun-7883' satisfies RuleSet)], {
  description: 'EVM rules of a block',
})
/** `signature`: Ed25519 over the 32-byte block hash. */
export const Sealer = t.Object({ public_key: Hex32, signature: Hex64 })
export type Sealer = Static<typeof Sealer>

export const Head = t.Object({ number: Natural, hash: Hex32, timestamp: Natural })
export type Head = Static<typeof Head>

/** What every reader of the chain may know of it. */
export const ChainFacts = t.Object({
  chain_id: Natural,
  genesis_hash: Hex32,
  sealer_public_key: Hex32,
  earlier_sealers: t.Array(Hex32, { description: 'keys of branches that were left by recover chain, oldest first' }),
  head: Head,
  forks: t.Array(t.Object({ from: Natural, rules: Rules }), {
    description: 'EVM rules by first block, rising; before the first it is Cancun',
  }),
})

const header_rlp = hexBytes('RLP of the header; its Keccak-256 is the block hash')

export const Block = t.Object({
  number: Natural,
  hash: Hex32,
  parent_hash: Hex32,
  timestamp: Natural,
  state_root: Hex32,
  receipts_root: Hex32,
  header_rlp,
  gas_used: Natural,
  gas_limit: Natural,
  base_fee: Decimal,
  tx_hashes: t.Array(Hex32),
  sealer: Sealer,
})
export type Block = Static<typeof Block>

export const Transaction = t.Object({
  tx_hash: Hex32,
  raw: hexBytes('signed transaction as submitted'),
  state: t.Union([t.Literal('pending'), t.Literal('mined')]),
  block_number: t.Optional(Natural),
  tx_index: t.Optional(Natural),
})
export type Transaction = Static<typeof Transaction>

const outcome = {
  tx_hash: Hex32,
  status: t.Union([t.Literal(0), t.Literal(1)]),
  gas_used: Natural,
  cumulative_gas: Natural,
  type: Natural,
  from: Hex20,
  to: t.Union([Hex20, t.Null()], { description: 'null for a contract creation' }),
  error: t.Optional(t.String({ description: 'why the EVM stopped; only with status 0' })),
}
const log = { address: Hex20, topics: t.Array(Hex32), data: hexBytes('ABI-encoded data') }
const log_index = t.Integer({ minimum: 0, description: 'position among all logs of the block' })

export const Receipt = t.Object({
  ...outcome,
  tx_index: Natural,
  block_number: Natural,
  block_hash: Hex32,
  logs: t.Array(t.Object({ ...log, log_index })),
})
export type Receipt = Static<typeof Receipt>

const Nodes = t.Array(hexBytes('RLP of a trie node'), { description: 'root first' })
export const ReceiptProof = t.Object({
  tx_index: Natural,
  receipt_proof: Nodes,
  /** Of the transaction, under transactionsRoot. */
  tx_proof: Nodes,
  header_rlp,
  block_hash: Hex32,
  block_number: Natural,
  sealer: Sealer,
})
export type ReceiptProof = Static<typeof ReceiptProof>

export const BlockParams = t.Object({
  ref: t.String({
    pattern: '^(?:latest|[0-9a-f]{64}|0|[1-9][0-9]{0,14})$',
    description: 'block number, block hash or "latest"',
  }),
})
export const HashParams = t.Object({ hash: Hex32 })

/** What the ledger decides about a block before it is executed; without `rules`, as before the first fork, it is Cancun. */
export const BlockContext = t.Object({
  chain_id: t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  number: t.Integer({ minimum: 1 }),
  parent_hash: Hex32,
  timestamp: Natural,
  gas_limit: t.Integer({ minimum: 5000 }),
  base_fee: Decimal,
  rules: t.Optional(Rules),
})
export type BlockContext = Static<typeof BlockContext>

/** `encoded`: as the receipts trie holds it: type byte || RLP(status, cumulative gas, bloom, logs), EIP-2718. */
export const ExecutedReceipt = t.Object({
  ...outcome,
  logs: t.Array(t.Object(log)),
  encoded: hexBytes('consensus encoding of the receipt'),
})
export type ExecutedReceipt = Static<typeof ExecutedReceipt>

/** A transaction that cannot be in this block at all; the others of the request were executed without it. */
export const Unexecutable = t.Object({ index: Natural, reason: t.String() })
export type Unexecutable = Static<typeof Unexecutable>

export const Executed = t.Object({
  state_root: Hex32,
  receipts_root: Hex32,
  logs_bloom: t.String({ pattern: '^[0-9a-f]{512}$', description: 'bloom filter of the logs' }),
  gas_used: Natural,
  receipts: t.Array(ExecutedReceipt),
  unexecutable: t.Array(Unexecutable),
})
export type Executed = Static<typeof Executed>

/** Where an event of the anchors contract stands. */
export const eventPlace = { tx_hash: Hex32, block_number: Natural, block_hash: Hex32, log_index }

/** The registration of a session. `owner` is the body of a TRON address, `started_at` epoch ms. */
export const Anchor = t.Object({
  session_id: SessionId,
  manifest_hash: Hex32,
  merkle_root: Hex32,
  owner: Hex20,
  started_at: Natural,
  chunk_count: t.Integer({ minimum: 1 }),
  ...eventPlace,
})
export type Anchor = Static<typeof Anchor>

export const AnchorPage = t.Object({
  anchors: t.Array(Anchor),
  next: t.Optional(t.Integer({ minimum: 0, description: 'pass as `after`; absent on the last page' })),
})
export type AnchorPage = Static<typeof AnchorPage>

export const AnchorsQuery = t.Object({
  owner: t.Optional(Hex20),
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  after: t.Optional(t.Integer({ minimum: 0, description: '`next` of the page before' })),
})
export type AnchorsQuery = Static<typeof AnchorsQuery>
export const SessionParams = t.Object({ session: SessionId })
