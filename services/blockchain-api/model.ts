import { type Static, t } from 'elysia'

/** Public wire contract. Hashes, addresses and bytes are lower-case hex without prefix; wei decimal strings. */
const hexOf = (bytes: number) => t.String({ pattern: `^[0-9a-f]{${2 * bytes}}$` })
const Hash32 = hexOf(32)
const Address20 = hexOf(20)
const Bytes = t.String({ pattern: '^[0-9a-f]*$' })
const Count = t.Integer({ minimum: 0 })
const SessionId = t.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
  description: 'lower-case UUIDv4',
})
const Sealer = t.Object({ public_key: Hash32, signature: hexOf(64) })
const Head = t.Object({ number: Count, hash: Hash32, timestamp: t.Integer({ description: 'seconds' }) })

export const Chain = t.Object({
  chain_id: Count,
  contract: Address20,
  genesis_hash: Hash32,
  sealer_public_key: Hash32,
  earlier_sealers: t.Array(Hash32, {
    description: 'keys of branches that were left by recover chain, oldest first',
  }),
  head: Head,
  forks: t.Array(t.Object({ from: Count, rules: t.String() }), {
    description: 'EVM rules by first block, rising; before the first it is Cancun',
  }),
})
export type Chain = Static<typeof Chain>

export const Block = t.Object({
  number: Count,
  hash: Hash32,
  parent_hash: Hash32,
  timestamp: t.Integer({ description: 'seconds' }),
  state_root: Hash32,
  receipts_root: Hash32,
  header_rlp: Bytes,
  gas_used: Count,
  gas_limit: Count,
  base_fee: t.String(),
  tx_hashes: t.Array(Hash32),
  sealer: Sealer,
})
export const BlockList = t.Object({ blocks: t.Array(Block), head: Head })

export const Transaction = t.Object({
  tx_hash: Hash32,
  raw: Bytes,
  state: t.Union([t.Literal('pending'), t.Literal('mined')]),
  block_number: t.Optional(Count),
  tx_index: t.Optional(Count),
})

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
  to: t.Union([Address20, t.Null()]),
  logs: t.Array(t.Object({ address: Address20, topics: t.Array(Hash32), data: Bytes, log_index: Count })),
  error: t.Optional(t.String()),
})

export const ReceiptProof = t.Object({
  tx_index: Count,
  receipt_proof: t.Array(Bytes, { description: 'trie nodes, root first' }),
  tx_proof: t.Array(Bytes, { description: 'of the transaction, under transactionsRoot' }),
  header_rlp: Bytes,
  block_hash: Hash32,
  block_number: Count,
  sealer: Sealer,
})

const Anchor = t.Object({
  session_id: SessionId,
  manifest_hash: Hash32,
  merkle_root: Hash32,
  owner: Address20,
  started_at: Count,
  chunk_count: Count,
  tx_hash: Hash32,
  block_number: Count,
  block_hash: Hash32,
  log_index: Count,
})
export const AnchorPage = t.Object({ anchors: t.Array(Anchor), next: t.Optional(Count) })

export const SessionParams = t.Object({ session: SessionId })
export const HashParams = t.Object({ hash: Hash32 })
export const BlockParams = t.Object({
  ref: t.String({
    pattern: '^(?:latest|[0-9a-f]{64}|0|[1-9][0-9]{0,14})$',
    description: 'block number, block hash or "latest"',
  }),
})
export const BlocksQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
  from: t.Optional(t.Integer({ minimum: 0, description: 'first block; the last ones when left out' })),
})
export type BlocksQuery = Static<typeof BlocksQuery>
export const AnchorsQuery = t.Object({
  owner: t.Optional(Address20),
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  after: t.Optional(Count),
})

const RpcAnswer = t.Object({
  jsonrpc: t.Literal('2.0'),
  id: t.Union([t.String(), t.Number(), t.Null()]),
  result: t.Optional(t.Unknown()),
  error: t.Optional(t.Object({ code: t.Integer(), message: t.String(), data: t.Optional(t.Unknown()) })),
})
/** One answer, one a call of a batch, or nothing when only notifications came. */
export const RpcAnswers = t.Union([RpcAnswer, t.Array(RpcAnswer)])
