import { expect, test } from 'bun:test'
import { boundedMap } from './bounded-map.ts'

test('a bounded map forgets what was set longest ago, and nothing sooner', () => {
  const map = boundedMap<number>(3)
  for (const [at, key] of ['a', 'b', 'c', 'a', 'd'].entries()) map.set(key, at)
  expect(['a', 'b', 'c', 'd'].map(map.get)).toEqual([3, undefined, 2, 4])
  map.delete('c')
  map.set('e', 5)
  expect(['a', 'c', 'd', 'e'].map(map.get)).toEqual([3, undefined, 4, 5])
})
