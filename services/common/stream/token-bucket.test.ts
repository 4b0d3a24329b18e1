import { expect, test } from 'bun:test'
import { tokenBuckets } from './token-bucket.ts'

test('what work turned out to cost is taken as well, and must come back before more is given', () => {
  let now = 0
  const { take, charge } = tokenBuckets({ size: 100, perMinute: 60 }, () => now)
  expect(take('a')).toBe(true)
  charge('a', 199)
  expect([take('a'), take('b')]).toEqual([false, true])
  now += 100_000
  expect(take('a')).toBe(false)
  now += 1_000
  expect([take('a'), take('a')]).toEqual([true, false])
})
