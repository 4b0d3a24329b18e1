/** Gas a block may hold. 100 anchors take 10 million. */
export const GAS_LIMIT = 30_000_000
/** Wei per gas of block 0, the lowest of EIP-1559, so that an anchor signed weeks ago is far below its maximum fee. */
export const FLOOR_BASE_FEE = 7n

const ELASTICITY = 2n
const MAX_CHANGE_DENOMINATOR = 8n

export type FeeParent = { readonly base_fee: string; readonly gas_used: number; readonly gas_limit: number }

/** Base fee (wei per gas) of the block after `parent`: EIP-1559, "base fee per gas". */
export const nextBaseFee = ({ base_fee, gas_used, gas_limit }: FeeParent): bigint => {
  const fee = BigInt(base_fee)
  const target = BigInt(gas_limit) / ELASTICITY
  const used = BigInt(gas_used)
  if (used === target) return fee
  if (used > target) {
    const rise = (fee * (used - target)) / target / MAX_CHANGE_DENOMINATOR
    return fee + (rise > 1n ? rise : 1n)
  }
  return fee - (fee * (target - used)) / target / MAX_CHANGE_DENOMINATOR
}
