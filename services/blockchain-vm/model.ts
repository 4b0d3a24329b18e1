import { type Static, t } from 'elysia'
import { Hex20, Hex32, Natural } from '#common/evidence/fields'
import { BlockContext, Decimal, hexBytes, MAX_TRANSACTION_BYTES, Rules } from '#common/http/chain-model'

/** Wire contract of the virtual machine, beside what all services of the chain share (common/http/chain-model.ts). */

/** The most transactions one block holds; runBlock's cost per transaction stays flat below it. */
export const MAX_BLOCK_TRANSACTIONS = 100
/** The most gas a read-only call may burn, so that no caller can stall the blocks for more than a second. */
export const CALL_GAS_LIMIT = 10_000_000
const { chain_id } = BlockContext.properties

export const GenesisRequest = t.Object({ chain_id, registrar: Hex20 })
export type GenesisRequest = Static<typeof GenesisRequest>

export const Genesis = t.Object({ state_root: Hex32 })
export type Genesis = Static<typeof Genesis>

export const ExecuteRequest = t.Object({
  state_root: Hex32,
  block: BlockContext,
  transactions: t.Array(hexBytes('signed transaction', MAX_TRANSACTION_BYTES), { maxItems: MAX_BLOCK_TRANSACTIONS }),
})
export type ExecuteRequest = Static<typeof ExecuteRequest>

export const CallRequest = t.Object({
  chain_id,
  state_root: Hex32,
  from: t.Optional(Hex20),
  to: t.Optional(Hex20),
  data: t.Optional(hexBytes('calldata or init code', MAX_TRANSACTION_BYTES)),
  value: t.Optional(Decimal),
  gas: t.Optional(t.Integer({ minimum: 0, maximum: CALL_GAS_LIMIT })),
  block: t.Optional(
    t.Object(
      { number: Natural, timestamp: Natural, base_fee: t.Optional(Decimal), rules: t.Optional(Rules) },
      { description: 'what the code sees of its block; block 0 at time 0 when left out' },
    ),
  ),
  urgent: t.Optional(t.Literal(true, { description: 'for a service: before all calls that are for anybody' })),
})
export type CallRequest = Static<typeof CallRequest>

export const CallResult = t.Object({
  success: t.Boolean(),
  data: hexBytes('return data, or revert data when not successful'),
  gas_used: t.Integer({ minimum: 0, description: 'as a transaction: with the intrinsic cost, before refunds' }),
  error: t.Optional(t.String()),
})
export type CallResult = Static<typeof CallResult>

export const Account = t.Object({
  address: Hex20,
  nonce: Natural,
  balance: Decimal,
  code_hash: Hex32,
  code: hexBytes('run-time code; empty for a plain account'),
})
export type Account = Static<typeof Account>

export const StorageSlot = t.Object({ value: Hex32 })
export type StorageSlot = Static<typeof StorageSlot>

export const StateParams = t.Object({ root: Hex32 })
export const KnownState = t.Object({ known: t.Boolean() })
export type KnownState = Static<typeof KnownState>

export const AccountParams = t.Object({ address: Hex20 })
export const StateQuery = t.Object({ state_root: Hex32 })
export const SlotParams = t.Object({ address: Hex20, slot: Hex32 })

export const Abi = t.Object({
  contracts: t.Array(t.Object({ name: t.String(), address: Hex20, abi: t.Array(t.Record(t.String(), t.Unknown())) })),
})
export type Abi = Static<typeof Abi>
