import { expect, test } from 'bun:test'
import { median, medianRatio, parseSize } from './stats.ts'

test('the median is the middle one, or the mean of the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7])
  expect(median([])).toBeNaN()
})

test('a ratio is taken pair by pair, so that a slow minute hits both sides', () => {
  expect(medianRatio([1, 2, 10], [3, 6, 30])).toBe(3)
  expect(medianRatio([1, 2], [3])).toBe(3)
})

test('sizes are bytes, KiB, MiB or GiB', () => {
  expect(['512MiB', '2 GiB', '64kib', '17'].map(parseSize)).toEqual([536870912, 2147483648, 65536, 17])
  expect(['', '5MB', '-1', '1.5GiB', 'MiB'].map(parseSize)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
