import { decodeTransaction } from '#common/ethereum/transaction'
import { requireBlock } from './block-ref.ts'
import { computeTip, nextBaseFee, rewardPercentiles } from './fees.ts'
import { quantity, readCount } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { Block, Upstream } from './upstream.ts'

/** Blocks of one fee history; fewer than asked may be answered (execution-apis). */
const MAX_HISTORY = 100
const MAX_REWARD_HISTORY = 10

const readPercentiles = (value: unknown): readonly number[] | undefined => {
  if (value === undefined || value === null) return undefined
  const list: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  const rising = list.every(
    (one, i) => typeof one === 'number' && one >= 0 && one <= 100 && (i === 0 || one >= Number(list[i - 1])),
  )
  if (!rising || list.length > 100) throw new RpcError('invalid-params', 'percentiles: rising numbers from 0 to 100')
  return list as readonly number[]
}

const loadRewards = async (up: Upstream, block: Block, percentiles: readonly number[]) => {
  up.spending.begin()
  const paid = await Promise.all(
    block.tx_hashes.map(async (hash) => {
      const [transaction, receipt] = await Promise.all([up.transaction(hash), up.receipt(hash)])
      const tip = transaction
        ? await up.step(() => computeTip(decodeTransaction(transaction.raw), BigInt(block.base_fee)))
        : 0n
      return { tip, gas: receipt?.gas_used ?? 0 }
    }),
  )
  return rewardPercentiles(paid, percentiles).map(quantity)
}

/** eth_feeHistory: base fees, how full blocks were and, if asked for, what was paid above the base fee. */
export const feeHistory = async (up: Upstream, count: unknown, newest: unknown, reward: unknown) => {
  const percentiles = readPercentiles(reward)
  const limit = percentiles === undefined ? MAX_HISTORY : MAX_REWARD_HISTORY
  const asked = Math.min(readCount(count, 'blockCount'), limit)
  const last = await requireBlock(up, newest)
  const from = Math.max(0, last.number - asked + 1)
  const blocks: Block[] = []
  for (let number = from; number <= last.number; number++) blocks.push(await requireBlock(up, quantity(number)))
  const rewards: (readonly string[])[] = []
  if (percentiles) for (const block of blocks) rewards.push(await up.heavy(() => loadRewards(up, block, percentiles)))
  return {
    oldestBlock: quantity(from),
    baseFeePerGas: [...blocks.map(({ base_fee }) => BigInt(base_fee)), nextBaseFee(last)].map(quantity),
    gasUsedRatio: blocks.map(({ gas_used, gas_limit }) => gas_used / gas_limit),
    ...(percentiles === undefined ? {} : { reward: rewards }),
  }
}
