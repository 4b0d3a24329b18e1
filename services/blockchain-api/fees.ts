import type { DecodedTransaction } from '#common/ethereum/transaction'

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** Wei per gas that a transaction pays above the base fee (EIP-1559). */
export const computeTip = (tx: DecodedTransaction, baseFee: bigint): bigint =>
  tx.type === 2 ? min(tx.maxPriorityFeePerGas, tx.maxFeePerGas - baseFee) : tx.gasPrice - baseFee

/** Wei per gas that a mined transaction pays. */
export const effectiveGasPrice = (tx: DecodedTransaction, baseFee: bigint): bigint => baseFee + computeTip(tx, baseFee)

/** Base fee of the block after one: EIP-1559, elasticity 2, change denominator 8. */
export const nextBaseFee = (parent: {
  readonly base_fee: string
  readonly gas_used: number
  readonly gas_limit: number
}): bigint => {
  const fee = BigInt(parent.base_fee)
  const target = BigInt(parent.gas_limit) / 2n
  const used = BigInt(parent.gas_used)
  if (used === target || target === 0n) return fee
  const change = (fee * (used > target ? used - target : target - used)) / target / 8n
  if (used < target) return fee - change
  return fee + (change > 1n ? change : 1n)
}

/** The tips at rising percentiles of a block's gas, cheapest first (eth_feeHistory). */
export const rewardPercentiles = (
  paid: readonly { readonly tip: bigint; readonly gas: number }[],
  percentiles: readonly number[],
): readonly bigint[] => {
  const rising = paid.toSorted((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0))
  const total = rising.reduce((sum, { gas }) => sum + gas, 0)
  return percentiles.map((percentile) => {
    let seen = 0
    for (const { tip, gas } of rising) {
      seen += gas
      if (seen >= (total * percentile) / 100) return tip
    }
    return rising.at(-1)?.tip ?? 0n
  })
}
