import { expect, test } from 'bun:test'
import { sparkline, trendOf } from './memory-trend.ts'

const line = (count: number, value: (i: number) => number) => Array.from({ length: count }, (_, i) => value(i))

test('what grows only in the first third is flat', () => {
  const warm = line(300, (i) => Math.min(i, 100) + 50)
  expect(trendOf(warm, 5_000)).toEqual({ first: 99.5, middle: 150, last: 150, slope: 0, verdict: 'flat' })
})

test('a slow and steady leak is growing, with its slope a minute', () => {
  const leak = trendOf(
    line(360, (i) => 80 + i / 4),
    5_000,
  )
  expect(leak.slope).toBeCloseTo(3)
  expect({ ...leak, slope: 0 }).toEqual({ first: 94.875, middle: 124.875, last: 154.875, slope: 0, verdict: 'growing' })
})

test('the rule allows 10 MiB to the small and 10 % to the large', () => {
  const step = (middle: number, last: number) => trendOf([middle, middle, middle, middle, last, last], 5_000).verdict
  expect([step(50, 60), step(50, 60.1), step(300, 330), step(300, 331)]).toEqual(['flat', 'growing', 'flat', 'growing'])
})

test('a sparkline goes from the smallest to the largest, whatever its width', () => {
  expect(
    sparkline(
      line(80, (i) => i),
      8,
    ),
  ).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([5, 5, 5], 8)).toBe('▁▁▁')
  expect(sparkline([], 8)).toBe('')
})
