import { rulesAt } from '#common/ethereum/forks'
import { requireBlock } from './block-ref.ts'
import { data, quantity, readAddress, readData, readQuantity } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import { gasUnits } from './spending.ts'
import type { Block, Upstream } from './upstream.ts'

/** eth_call and eth_estimateGas: code run on the state after a block, nothing kept. */

const CALL_GAS = 10_000_000
/** An estimate is at most this part above what is enough. */
const TOLERANCE = 0.015

type CallObject = {
  readonly from?: string
  readonly to?: string
  readonly data?: string
  readonly value?: string
  readonly gas?: number
}

const ignored = ['gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'nonce', 'type', 'chainId', 'accessList']
const known = new Set(['from', 'to', 'data', 'input', 'value', 'gas', ...ignored])

const present = (value: unknown): boolean => value !== undefined && value !== null

/** Reads a transaction object. Throws RpcError `invalid-params`. */
export const readCallObject = (value: unknown): CallObject => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RpcError('invalid-params', 'transaction: expected an object')
  const fields = value as Readonly<Record<string, unknown>>
  const unknown = Object.keys(fields).find((key) => !known.has(key))
  if (unknown !== undefined) throw new RpcError('invalid-params', `transaction: unknown field ${unknown}`)
  const { from, to, input, value: wei, gas } = fields
  if (present(input) && present(fields['data']) && input !== fields['data'])
    throw new RpcError('invalid-params', 'transaction: data and input differ; pass one')
  const code = present(input) ? input : fields['data']
  const asked = present(gas) ? readQuantity(gas, 'gas') : undefined
  return {
    ...(present(from) ? { from: readAddress(from, 'from') } : {}),
    ...(present(to) ? { to: readAddress(to, 'to') } : {}),
    ...(present(code) ? { data: readData(code, 'data') } : {}),
    ...(present(wei) ? { value: readQuantity(wei, 'value').toString() } : {}),
    ...(asked === undefined ? {} : { gas: asked > BigInt(CALL_GAS) ? CALL_GAS : Number(asked) }),
  }
}

const run = async (up: Upstream, block: Block, call: CallObject) => {
  up.spending.begin()
  const { chain_id, forks } = await up.chain()
  const { number, timestamp, base_fee, state_root } = block
  const context = { number, timestamp, base_fee, rules: rulesAt(forks, number) }
  const charge = (gas: number) => up.spending.charge(gasUnits(gas))
  try {
    const outcome = await up.call({ chain_id, state_root, ...call, block: context })
    charge(outcome.gas_used)
    return outcome
  } catch (error) {
    charge(call.gas ?? CALL_GAS) // what was given up may have used all of it
    throw error
  }
}

type Outcome = Awaited<ReturnType<typeof run>>

/** As go-ethereum: code 3 with the revert data, so that a client can decode the contract's own error. */
const failed = ({ error = 'execution failed', data: returned }: Outcome): RpcError =>
  error === 'revert' ? new RpcError('reverted', 'execution reverted', data(returned)) : new RpcError('server', error)

/** eth_call. */
export const call = async (up: Upstream, transaction: unknown, block: unknown): Promise<string> => {
  const request = readCallObject(transaction)
  const outcome = await run(up, await requireBlock(up, block), request)
  if (!outcome.success) throw failed(outcome)
  return data(outcome.data)
}

/**
 * eth_estimateGas: what the run used, when that is also enough as a limit; else (a callee gets 63/64 of what
 * is left, EIP-150) the least limit that is, by bisection to within 1.5 %.
 */
export const estimateGas = async (up: Upstream, transaction: unknown, ref: unknown): Promise<string> => {
  const request = readCallObject(transaction)
  const block = await requireBlock(up, ref)
  const enough = async (gas: number) => (await run(up, block, { ...request, gas })).success
  const most = request.gas ?? CALL_GAS
  const outcome = await run(up, block, { ...request, gas: most })
  if (!outcome.success) throw failed(outcome)
  let [low, high] = [outcome.gas_used, most]
  if (await enough(low)) return quantity(low)
  while (high - low > high * TOLERANCE) {
    // Nearer to the low end first: what is missing is usually little.
    const middle = Math.min(Math.floor((low + high) / 2), low * 2)
    if (await enough(middle)) high = middle
    else low = middle
  }
  return quantity(high)
}
