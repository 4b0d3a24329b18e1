import { expect, test } from 'bun:test'
import { histogram, median, medianRatio, parseSize, quantile } from './stats.ts'

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

test('a quantile is the value at its rank, and the last one is the maximum', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at)
  expect([0, 0.5, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 99, 100])
  expect([quantile([7], 0.99), quantile([], 0.5)]).toEqual([7, Number.NaN])
})

test('a histogram counts each value once, an edge to the bucket that ends there', () => {
  expect(histogram([0, 1, 1.5, 2, 3, 99], [1, 2, 3])).toEqual([2, 2, 1, 1])
  expect(histogram([], [1])).toEqual([0, 0])
})
