import { describe, expect, test } from 'bun:test'
import { nextBaseFee, rewardPercentiles } from './fees.ts'

describe('the next base fee (EIP-1559)', () => {
  const cases: readonly [string, number, bigint][] = [
    ['1000', 15_000_000, 1000n],
    ['1000', 30_000_000, 1125n],
    ['1000', 0, 875n],
    ['7', 30_000_000, 8n],
    ['7', 0, 7n],
    ['1000', 16_000_000, 1008n],
  ]
  test.each(cases)('of %p with %p gas used is %p', (base_fee, gas_used, expected) => {
    expect(nextBaseFee({ base_fee, gas_used, gas_limit: 30_000_000 })).toBe(expected)
  })
})

test('reward percentiles go by gas, cheapest tips first', () => {
  const paid = [
    { tip: 30n, gas: 25 },
    { tip: 10n, gas: 50 },
    { tip: 20n, gas: 25 },
  ]
  expect(rewardPercentiles(paid, [0, 50, 51, 75, 100])).toEqual([10n, 10n, 20n, 20n, 30n])
  expect(rewardPercentiles([], [50])).toEqual([0n])
})
