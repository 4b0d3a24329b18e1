import { type Static, t } from 'elysia'
import type { RuleSet } from '#common/ethereum/forks'

/**
 * Wire contract of the virtual machine. Hashes, addresses and byte strings are lower-case hex without
 * prefix; wei and base fee are decimal strings because they outgrow a JSON number.
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

/** The most transactions one block holds; runBlock's cost per transaction stays flat below it. */
export const MAX_BLOCK_TRANSACTIONS = 100
/** The most gas a read-only call may burn, so that no caller can stall the blocks for more than a second. */
export const CALL_GAS_LIMIT = 10_000_000
const MAX_TRANSACTION_BYTES = 131_072

const Hash32 = hexOf(32, 'Keccak-256 hash')
const Address20 = hexOf(20, 'account or contract')
const Count = t.Integer({ minimum: 0 })
const Decimal = t.String({ pattern: '^[0-9]{1,78}$' })
const ChainId = t.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Left out it is Cancun, as callers of before the first fork mean it. */
const Rules = t.Optional(
  t.Union([t.Literal('cancun' satisfies RuleSet), t.Literal('cancun-7883' satisfies RuleSet)], {
    description: 'EVM rules of the block',
  }),
)

export const GenesisRequest = t.Object({ chain_id: ChainId, registrar: Address20 })
export type GenesisRequest = Static<typeof GenesisRequest>

export const Genesis = t.Object({ state_root: Hash32 })
export type Genesis = Static<typeof Genesis>

/** What the ledger decides about a block before it is executed; everything else follows from execution. */
export const BlockContext = t.Object({
  chain_id: ChainId,
  number: t.Integer({ minimum: 1 }),
  parent_hash: Hash32,
  timestamp: Count,
  gas_limit: t.Integer({ minimum: 5000 }),
  base_fee: Decimal,
  rules: Rules,
})
export type BlockContext = Static<typeof BlockContext>

export const ExecuteRequest = t.Object({
  state_root: Hash32,
  block: BlockContext,
  transactions: t.Array(hexAny('signed transaction', MAX_TRANSACTION_BYTES), {
    maxItems: MAX_BLOCK_TRANSACTIONS,
  }),
})
export type ExecuteRequest = Static<typeof ExecuteRequest>

export const ExecutedReceipt = t.Object({
  tx_hash: Hash32,
  status: t.Union([t.Literal(0), t.Literal(1)]),
  gas_used: Count,
  cumulative_gas: Count,
  type: Count,
  from: Address20,
  to: t.Union([Address20, t.Null()]),
  logs: t.Array(t.Object({ address: Address20, topics: t.Array(Hash32), data: hexAny('ABI-encoded data') })),
  /** As the receipts trie holds it: type byte || RLP(status, cumulative gas, bloom, logs), EIP-2718. */
  encoded: hexAny('consensus encoding of the receipt'),
  error: t.Optional(t.String()),
})
export type ExecutedReceipt = Static<typeof ExecutedReceipt>

/** A transaction that cannot be in this block at all; the others of the request were executed without it. */
export const Unexecutable = t.Object({ index: Count, reason: t.String() })
export type Unexecutable = Static<typeof Unexecutable>

export const Executed = t.Object({
  state_root: Hash32,
  receipts_root: Hash32,
  logs_bloom: hexOf(256, 'bloom filter of the logs'),
  gas_used: Count,
  receipts: t.Array(ExecutedReceipt),
  unexecutable: t.Array(Unexecutable),
})
export type Executed = Static<typeof Executed>

export const CallRequest = t.Object({
  chain_id: ChainId,
  state_root: Hash32,
  from: t.Optional(Address20),
  to: t.Optional(Address20),
  data: t.Optional(hexAny('calldata or init code', MAX_TRANSACTION_BYTES)),
  value: t.Optional(Decimal),
  gas: t.Optional(t.Integer({ minimum: 0, maximum: CALL_GAS_LIMIT })),
  block: t.Optional(
    t.Object(
      { number: Count, timestamp: Count, base_fee: t.Optional(Decimal), rules: Rules },
      { description: 'what the code sees of its block; block 0 at time 0 when left out' },
    ),
  ),
  urgent: t.Optional(t.Literal(true, { description: 'for a service: before all calls that are for anybody' })),
})
export type CallRequest = Static<typeof CallRequest>

export const CallResult = t.Object({
  success: t.Boolean(),
  data: hexAny('return data, or revert data when not successful'),
  gas_used: t.Integer({
    minimum: 0,
    description: 'as a transaction: with the intrinsic cost, before refunds',
  }),
  error: t.Optional(t.String()),
})
export type CallResult = Static<typeof CallResult>

export const Account = t.Object({
  address: Address20,
  nonce: Count,
  balance: Decimal,
  code_hash: Hash32,
  code: hexAny('run-time code; empty for a plain account'),
})
export type Account = Static<typeof Account>

export const StorageSlot = t.Object({ value: Hash32 })
export type StorageSlot = Static<typeof StorageSlot>

export const StateParams = t.Object({ root: Hash32 })
export const KnownState = t.Object({ known: t.Boolean() })
export type KnownState = Static<typeof KnownState>

export const AccountParams = t.Object({ address: Address20 })
export const StateQuery = t.Object({ state_root: Hash32 })
export const SlotParams = t.Object({ address: Address20, slot: Hash32 })

export const Abi = t.Object({
  contracts: t.Array(
    t.Object({ name: t.String(), address: Address20, abi: t.Array(t.Record(t.String(), t.Unknown())) }),
  ),
})
export type Abi = Static<typeof Abi>
