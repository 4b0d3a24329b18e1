import { type Static, t } from 'elysia'
import type { RuleSet } from '#common/ethereum/forks'

/**
 * Wire contract of the ledger. Hashes, addresses and byte strings are lower-case hex without prefix,
 * sizes are bytes, block timestamps are seconds (the EVM's unit), wei and gas prices decimal strings
 * because they outgrow a JSON number.
 */
const hexOf = (bytes: number, description: string) => t.String({ pattern: `^[0-9a-f]{${2 * bytes}}$`, description })
const hexAny = (description: string, maxBytes?: number) =>
  t.String({
    // Of pairs only where a length is given: what a pattern of them costs grows faster than its input.
    ...(maxBytes === undefined
      ? { pattern: '^[0-9a-f]*$' }
      : { pattern: '^(?:[0-9a-f]{2})*$', maxLength: 2 * maxBytes }),
    description,
  })

/** A signed transaction larger than this is refused: an anchor needs 400 bytes, a contract below 50,000. */
export const MAX_TRANSACTION_BYTES = 131_072

export const Hash32 = hexOf(32, 'Keccak-256 hash, hex without prefix')
export const Address20 = hexOf(20, 'account or contract, 20 bytes of hex without prefix')
const Count = t.Integer({ minimum: 0 })
const Decimal = t.String({ pattern: '^[0-9]+$' })

export const Submission = t.Object({
  raw: hexAny('signed transaction as EIP-2718 envelope or legacy RLP', MAX_TRANSACTION_BYTES),
})
export type Submission = Static<typeof Submission>

export const Accepted = t.Object({ tx_hash: Hash32 })
export type Accepted = Static<typeof Accepted>

export const Sealer = t.Object({
  public_key: hexOf(32, 'Ed25519 public key of the ledger'),
  signature: hexOf(64, 'Ed25519 over the 32-byte block hash'),
})
export type Sealer = Static<typeof Sealer>

export const Head = t.Object({ number: Count, hash: Hash32, timestamp: Count })
export type Head = Static<typeof Head>

/** EVM rules by block number, rising; before the first of them it is Cancun. */
const Forks = t.Array(
  t.Object({
    from: t.Integer({ minimum: 0, description: 'first block of these rules' }),
    rules: t.Union([t.Literal('cancun' satisfies RuleSet), t.Literal('cancun-7883' satisfies RuleSet)]),
  }),
)

export const Chain = t.Object({
  chain_id: Count,
  genesis_hash: Hash32,
  sealer_public_key: hexOf(32, 'Ed25519 public key of the ledger'),
  earlier_sealers: t.Array(hexOf(32, 'Ed25519 public key'), {
    description: 'keys of branches that were left by recover chain, oldest first',
  }),
  head: Head,
  registrar: Address20,
  forks: Forks,
})
export type Chain = Static<typeof Chain>

export const Block = t.Object({
  number: Count,
  hash: Hash32,
  parent_hash: Hash32,
  timestamp: Count,
  state_root: Hash32,
  receipts_root: Hash32,
  header_rlp: hexAny('RLP of the header; its Keccak-256 is the block hash'),
  gas_used: Count,
  gas_limit: Count,
  base_fee: Decimal,
  tx_hashes: t.Array(Hash32),
  sealer: Sealer,
})
export type Block = Static<typeof Block>

export const LogEntry = t.Object({
  address: Address20,
  topics: t.Array(Hash32),
  data: hexAny('ABI-encoded data'),
  log_index: t.Integer({ minimum: 0, description: 'position among all logs of the block' }),
})
export type LogEntry = Static<typeof LogEntry>

export const Receipt = t.Object({
  tx_hash: Hash32,
  tx_index: Count,
  block_number: Count,
  block_hash: Hash32,
  status: t.Union([t.Literal(0), t.Literal(1)]),
  gas_used: Count,
  cumulative_gas: Count,
  type: Count,
  from: Address20,
  to: t.Union([Address20, t.Null()], { description: 'null for a contract creation' }),
  logs: t.Array(LogEntry),
  error: t.Optional(t.String({ description: 'why the EVM stopped; only with status 0' })),
})
export type Receipt = Static<typeof Receipt>

export const BlockWithReceipts = t.Composite([Block, t.Object({ receipts: t.Array(Receipt) })])
export type BlockWithReceipts = Static<typeof BlockWithReceipts>

export const BlockPage = t.Object({ blocks: t.Array(BlockWithReceipts), head: Head })
export type BlockPage = Static<typeof BlockPage>

export const PageQuery = t.Object({
  from: t.Integer({ minimum: 0, default: 0 }),
  limit: t.Integer({ minimum: 1, maximum: 100, default: 100 }),
})
export type PageQuery = Static<typeof PageQuery>

export const Transaction = t.Object({
  tx_hash: Hash32,
  raw: hexAny('signed transaction as submitted'),
  state: t.Union([t.Literal('pending'), t.Literal('mined')]),
  block_number: t.Optional(Count),
  tx_index: t.Optional(Count),
})
export type Transaction = Static<typeof Transaction>

export const NextNonce = t.Object({ next: t.Integer({ minimum: 0, description: 'pending included' }) })
export type NextNonce = Static<typeof NextNonce>

export const ReceiptProof = t.Object({
  tx_index: Count,
  receipt_proof: t.Array(hexAny('RLP of a trie node'), { description: 'root first' }),
  tx_proof: t.Array(hexAny('RLP of a trie node'), {
    description: 'of the transaction, in the same way under transactionsRoot',
  }),
  header_rlp: hexAny('RLP of the header; its Keccak-256 is the block hash'),
  block_hash: Hash32,
  block_number: Count,
  sealer: Sealer,
})
export type ReceiptProof = Static<typeof ReceiptProof>

export const BlockParams = t.Object({
  ref: t.String({
    pattern: '^(?:latest|[0-9a-f]{64}|0|[1-9][0-9]{0,14})$',
    description: 'block number, block hash or "latest"',
  }),
})
export const HashParams = t.Object({ hash: Hash32 })
export const AddressParams = t.Object({ address: Address20 })
