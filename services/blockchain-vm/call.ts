import { createBlock } from '@ethereumjs/block'
import { createEVM } from '@ethereumjs/evm'
import { createLegacyTx } from '@ethereumjs/tx'
import { Account, Address } from '@ethereumjs/util'
import { fromHex, toHex } from '#common/stream/bytes'
import { CALL_GAS_LIMIT, type CallRequest, type CallResult } from './model.ts'
import { rules } from './rules.ts'
import { type Nodes, openState } from './state.ts'

const address = (hex: string) => new Address(fromHex(hex, 20))
const ZERO = '00'.repeat(20)
/** Bytes of creation code, EIP-3860. */
const MAX_INIT_CODE = 49_152

/**
 * Runs code against the state under `state_root` and keeps nothing of it. The EVM bumps the caller's nonce
 * and may lend it the value: both happen in an overlay that is thrown away with this call.
 * A creation (no `to`) answers the run-time code it would leave. Throws Fault missing `unknown-state`.
 */
export const call = async (nodes: Nodes, request: CallRequest): Promise<CallResult> => {
  const common = rules(request.chain_id, request.block?.rules)
  const { manager, check } = await openState(common, nodes, request.state_root)
  const data = fromHex(request.data ?? '')
  const to = request.to === undefined ? undefined : address(request.to)
  const gas = BigInt(request.gas ?? CALL_GAS_LIMIT)
  if (to === undefined && data.length > MAX_INIT_CODE)
    return { success: false, data: '', gas_used: Number(gas), error: 'creation code too large' }
  const intrinsic = createLegacyTx(
    { data, ...(to ? { to } : {}), gasLimit: gas },
    { common, freeze: false },
  ).getIntrinsicGas()
  if (gas < intrinsic) return { success: false, data: '', gas_used: Number(gas), error: 'intrinsic gas too low' }
  const { number = 0, timestamp = 0, base_fee = '0' } = request.block ?? {}
  const block = createBlock(
    {
      header: {
        number: BigInt(number),
        timestamp: BigInt(timestamp),
        baseFeePerGas: BigInt(base_fee),
        gasLimit: BigInt(CALL_GAS_LIMIT),
      },
    },
    { common },
  )
  const evm = await createEVM({ common, stateManager: manager })
  const caller = address(request.from ?? ZERO)
  if ((await manager.getAccount(caller)) === undefined) await manager.putAccount(caller, new Account())
  await evm.journal.checkpoint()
  const { execResult } = await evm.runCall({
    caller,
    ...(to ? { to } : {}),
    data,
    block,
    gasLimit: gas - intrinsic,
    value: BigInt(request.value ?? 0),
    skipBalance: true,
  })
  await evm.journal.revert()
  check()
  const error = execResult.exceptionError?.error
  return {
    success: error === undefined,
    data: toHex(execResult.returnValue),
    gas_used: Number(intrinsic + execResult.executionGasUsed),
    ...(error === undefined ? {} : { error }),
  }
}
