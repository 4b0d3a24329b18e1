import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { placementFaults, runs } from './placement.ts'

const faults = (holds: readonly number[], count = 7, cut = false) => placementFaults(holds, { count, cut })

test('every displacement has its words', () => {
  const table: [readonly number[], readonly string[]][] = [
    [[0, 1, 2, 3, 4, 5, 6], []],
    [[0, 1, 5, 3, 4, 2, 6], ['chunks 2 and 5 swapped']],
    [
      [1, 0, 2, 3, 4, 6, 5],
      ['chunks 0 and 1 swapped', 'chunks 5 and 6 swapped'],
    ],
    [[0, 1, 2, 3, 5, 6], ['chunk 4 missing (dropped)']],
    [[1, 2, 3, 4, 5, 6], ['chunk 0 missing (dropped)']],
    [[0, 1, 2, 3, 4, 5], ['chunk 6 missing (dropped)']],
    [
      [0, 4, 6],
      ['chunks 1 to 3 missing (dropped)', 'chunk 5 missing (dropped)'],
    ],
    [[0, 1, 2, 3, 4, 5, 5], ['chunk 6 is a duplicate of chunk 5']],
    [[1, 1, 2, 3, 4, 5, 6], ['chunk 0 is a duplicate of chunk 1']],
    [[0, 1, 2, 2, 3, 4, 5, 6], ['chunk 2 is duplicated: it stands at place 2 and again at place 3']],
    [[0, 1, 2, 2, 2, 3, 4, 5, 6], ['chunk 2 is duplicated: it stands at place 2 and again at places 3 and 4']],
    [
      [0, 1, 2, 3, 4, 5, 6, ...Array<number>(9).fill(1)],
      ['chunk 1 is duplicated: it stands at place 1 and again at places 7, 8, 9, 10, 11, 12, 13, 14 and 1 more'],
    ],
    [[1, 2, 0, 3, 4, 5, 6], ['chunks 1, 2 and 0 out of order']],
    [[], ['chunks 0 to 6 missing (dropped)']],
  ]
  for (const [holds, sentences] of table) expect(faults(holds)).toEqual([...sentences])
})

test('what is missing at the end of a truncated file is cut off, not dropped', () => {
  expect(faults([0, 1, 3, 4], 7, true)).toEqual([
    'chunk 2 missing (dropped)',
    'chunks 5 to 6 cut off (the file is truncated)',
  ])
  expect(faults([], 2, true)).toEqual(['chunks 0 to 1 cut off (the file is truncated)'])
})

test('a chunk two hundred thousand times is told in one sentence', () => {
  expect(faults(new Array<number>(200_000).fill(0), 2)).toEqual([
    'chunk 1 is a duplicate of chunk 0',
    'chunk 0 is duplicated: it stands at place 0 and again at places 2, 3, 4, 5, 6, 7, 8, 9 and 199990 more',
  ])
})

test('only the right order is without fault', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6), { maxLength: 9 }), (holds) => {
      const right = holds.length === 7 && holds.every((chunk, place) => chunk === place)
      expect(faults(holds).length === 0).toBe(right)
    }),
    { numRuns: 2000 },
  )
})

test('neighbours are told as runs', () => {
  expect(runs([0, 1, 2, 5, 7, 8])).toEqual([
    [0, 2],
    [5, 5],
    [7, 8],
  ])
  expect(runs([])).toEqual([])
})
