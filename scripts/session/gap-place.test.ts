import { expect, test } from 'bun:test'
import { placeOfGap } from './gap-place.ts'

test('a gap at the end is not said to stand before a chunk that there is not', () => {
  expect([0, 1, 2].map((at) => placeOfGap(at, 2))).toEqual([
    'before chunk 0',
    'before chunk 1',
    'behind the last chunk',
  ])
  expect(placeOfGap(0, undefined)).toBe('before chunk 0')
})
