import { describe, expect, test } from 'bun:test'
import { call } from './call.ts'
import { CHAIN_ID } from './fixture.ts'
import { started } from './fixture-anchors.ts'

const MODEXP = `${'00'.repeat(19)}05`
const word = (n: number | bigint) => n.toString(16).padStart(64, '0')

type Case = { readonly size: number; readonly exponent: string }
const encode = ({ size, exponent }: Case) =>
  word(size) + word(exponent.length / 2) + word(size) + 'c5'.repeat(size) + exponent + 'd7'.repeat(size)

const { nodes, root } = await started()
const run = (data: string, rules: 'cancun' | 'cancun-7883', gas = 10_000_000) =>
  call(nodes, {
    chain_id: CHAIN_ID,
    state_root: root,
    to: MODEXP,
    data,
    gas,
    block: { number: 1, timestamp: 1, rules },
  })

/** Gas of the precompile itself: with what the calldata costs (EIP-2028) taken off. */
const priceOf = async (data: string, rules: 'cancun' | 'cancun-7883') => {
  const zeros = (data.match(/../g) ?? []).filter((byte) => byte === '00').length
  const { gas_used, success } = await run(data, rules)
  return [success, gas_used - 21_000 - 4 * zeros - 16 * (data.length / 2 - zeros)]
}

describe('MODEXP', () => {
  // The rows "nagydani" of EIP-7883's table of test cases: sizes of base and modulus, exponent, gas before and after.
  const priced: readonly (readonly [number, string, number, number])[] = [
    [64, '02', 200, 500],
    [64, '03', 200, 500],
    [64, '010001', 341, 2048],
    [128, '02', 200, 512],
    [128, '010001', 1365, 8192],
    [256, '02', 341, 2048],
    [256, '010001', 5461, 32_768],
    [512, '02', 1365, 8192],
    [512, '010001', 21_845, 131_072],
    [1024, '02', 5461, 32_768],
    [1024, '010001', 87_381, 524_288],
  ]
  test.each(priced)(
    'of %i bytes to the power %s costs %i, %i since EIP-7883',
    async (size, exponent, before, after) => {
      const data = encode({ size, exponent })
      expect(await priceOf(data, 'cancun')).toEqual([true, before])
      expect(await priceOf(data, 'cancun-7883')).toEqual([true, after])
    },
  )

  const long: readonly (readonly [string, readonly [number, number, number]])[] = [
    ['base', [1025, 1, 1]],
    ['exponent', [1, 1025, 1]],
    ['modulus', [1, 1, 1025]],
  ]
  test.each(long)('takes no %s above 1024 bytes since EIP-7823', async (_what, [base, exponent, modulus]) => {
    const data = word(base) + word(exponent) + word(modulus) + '01'.repeat(base + exponent + modulus)
    expect((await run(data, 'cancun')).success).toBe(true)
    expect((await run(data, 'cancun-7883')).success).toBe(false)
  })
})
