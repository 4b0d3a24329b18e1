import { describe, expect, test } from 'bun:test'
import { matches, readFilter } from './filter.ts'

const A = 'aa'.repeat(20)
const B = 'bb'.repeat(20)
const [t1, t2, t3] = ['01'.repeat(32), '02'.repeat(32), '03'.repeat(32)]
const log = { address: A, topics: [t1, t2], data: '', log_index: 0 }
const x = (hex: string) => `0x${hex}`

const cases: readonly [string, Record<string, unknown>, boolean][] = [
  ['nothing', {}, true],
  ['the address', { address: x(A) }, true],
  ['another address', { address: x(B) }, false],
  ['one of several addresses', { address: [x(B), x(A)] }, true],
  ['the first topic', { topics: [x(t1)] }, true],
  ['another first topic', { topics: [x(t2)] }, false],
  ['any first topic and the second', { topics: [null, x(t2)] }, true],
  ['alternatives at one position', { topics: [[x(t3), x(t1)]] }, true],
  ['alternatives that all differ', { topics: [[x(t3), x(t2)]] }, false],
  ['an empty list of alternatives, which is any', { topics: [[], x(t2)] }, true],
  ['more positions than the log has', { topics: [x(t1), x(t2), null] }, false],
  ['null topics', { topics: null }, true],
]

describe('a log filter', () => {
  test.each(cases)('by %s', (_name, filter, expected) => {
    expect(matches(readFilter(filter), log)).toBe(expected)
  })

  const wrong: readonly [string, Record<string, unknown>][] = [
    ['five topics', { topics: [null, null, null, null, null] }],
    ['topics that are no array', { topics: x(t1) }],
    ['a topic of a wrong length', { topics: ['0x01'] }],
    ['an address of a wrong length', { address: '0x01' }],
    ['a thousand and one alternatives of a topic', { topics: [Array.from({ length: 1001 }, () => x(t1))] }],
    ['a thousand and one addresses', { address: Array.from({ length: 1001 }, () => x(A)) }],
  ]
  test.each(wrong)('with %s is refused', (_name, filter) => {
    expect(() => readFilter(filter)).toThrow()
  })
})
