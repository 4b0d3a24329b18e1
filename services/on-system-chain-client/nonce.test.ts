import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { assignNonces, unreachable } from './nonce.ts'

describe('nonces', () => {
  const cases: readonly [number, readonly number[], number, readonly number[]][] = [
    [0, [], 3, [0, 1, 2]],
    [5, [], 1, [5]],
    [5, [3, 4], 2, [5, 6]],
    [5, [5, 6], 2, [7, 8]],
    [9, [5, 6], 1, [9]],
    [0, [], 0, []],
  ]
  test.each(cases)('chain expects %p, in flight %p, %p wanted: %p', (next, flying, count, expected) => {
    expect(assignNonces(next, flying, count)).toEqual([...expected])
  })

  test('never repeat one that is in flight and never lie below what the chain expects', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.nat(1000)), fc.nat(50), (next, flying, count) => {
        const assigned = assignNonces(next, flying, count)
        expect(new Set(assigned).size).toBe(count)
        expect(assigned.every((nonce) => nonce >= next && !flying.includes(nonce))).toBe(true)
      }),
    )
  })

  test('in flight are unreachable only above a hole', () => {
    expect(unreachable(3, [])).toBe(false)
    expect(unreachable(3, [3, 4])).toBe(false)
    expect(unreachable(5, [3, 4])).toBe(false)
    expect(unreachable(2, [3, 4])).toBe(true)
  })
})
