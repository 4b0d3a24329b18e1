import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Gap } from './manifest.ts'
import { CLOCK_SKEW, formatTime, gapFaults, lateFaults, timeFaults } from './times.ts'

const session = { started_at: 1_000, ended_at: 9_000, chunk_count: 4 }
const gap = (at: number, from: number, to: number): Gap => ({ at, from, to, reason: 'x' })
const faultsOf = (...gaps: readonly Gap[]) => gapFaults({ ...session, gaps })

test('gaps inside the session, in order and disjoint, are sound', () => {
  expect(faultsOf()).toEqual([])
  expect(faultsOf(gap(0, 1_000, 2_000), gap(2, 3_000, 4_000), gap(4, 8_000, 9_000))).toEqual([])
})

test('gaps may touch, stand at one chunk, and have no length: a clock counts whole milliseconds', () => {
  expect(faultsOf(gap(2, 3_000, 4_000), gap(2, 4_000, 4_000), gap(3, 4_000, 5_000))).toEqual([])
  expect(faultsOf(gap(4, 9_000, 9_000))).toEqual([])
})

test('every other gap is named by what is wrong with it', () => {
  const [start, end] = [formatTime(1_000), formatTime(9_000)]
  const outside = (from: number, to: number) =>
    `gap 0 (${formatTime(from)} to ${formatTime(to)}) lies outside the session (${start} to ${end})`
  expect(faultsOf(gap(1, 999, 2_000))).toEqual([outside(999, 2_000)])
  expect(faultsOf(gap(1, 2_000, 9_001))).toEqual([outside(2_000, 9_001)])
  expect(faultsOf(gap(5, 2_000, 3_000))).toEqual(['gap 0 stands behind the end'])
  expect(faultsOf(gap(1, 3_000, 2_000))).toEqual(['gap 0 ends before it starts'])
  expect(faultsOf(gap(2, 2_000, 3_000), gap(1, 4_000, 5_000))).toEqual(['gap 1 is out of order'])
  expect(faultsOf(gap(1, 2_000, 4_000), gap(2, 3_999, 5_000))).toEqual(['gap 1 begins before gap 0 is over'])
})

test('gaps that are sound leave no millisecond of the session in two of them', () => {
  const anyGap = fc.record({ at: fc.nat(4), from: fc.nat(10_000), to: fc.nat(10_000) })
  fc.assert(
    fc.property(fc.array(anyGap, { maxLength: 5 }), (list) => {
      const gaps = list.map(({ at, from, to }) => gap(at, from, to))
      if (faultsOf(...gaps).length > 0) return
      const missing = gaps.reduce((sum, { from, to }) => sum + to - from, 0)
      expect(missing).toBeLessThanOrEqual(session.ended_at - session.started_at)
      expect(gaps.flatMap(({ from, to }) => [from, to])).toEqual(
        gaps.flatMap(({ from, to }) => [from, to]).toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 2000 },
  )
})

test('a session may end as it starts, and not before', () => {
  expect(timeFaults({ started_at: 5, ended_at: 5 })).toEqual([])
  expect(timeFaults({ started_at: 5, ended_at: 4 })).toHaveLength(1)
})

test('a session may end 10 minutes after its block and not a millisecond later', () => {
  const block = 1_760_000_061_000
  expect(lateFaults({ started_at: 0, ended_at: block + CLOCK_SKEW }, block)).toEqual([])
  expect(lateFaults({ started_at: 0, ended_at: block + CLOCK_SKEW + 1 }, block)[0]).toStartWith('untrue: ')
})

test('a time that no calendar names is written as a number', () => {
  expect(formatTime(8.64e15)).toBe('+275760-09-13T00:00:00.000Z')
  expect(formatTime(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991 ms after 1970')
})
