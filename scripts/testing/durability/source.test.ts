import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { concat } from '#common/stream/bytes'
import { bytesOf, NAME_SIZE, paced, piecesOf, sourceOf } from './source.ts'

const source = { seed: 0xfedcba98, size: 300_001 }
const whole = bytesOf(source, 0, source.size)

test('any part of a source is that part of the whole', () => {
  const place = fc.integer({ min: 0, max: source.size })
  fc.assert(
    fc.property(place, place, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      expect(bytesOf(source, from, to)).toEqual(whole.slice(from, to))
    }),
  )
})

test('a recording names its source, and other bytes name none', () => {
  expect(sourceOf(whole)).toEqual(source)
  expect(() => sourceOf(whole.slice(1))).toThrow('name of no source')
  expect(() => sourceOf(whole.slice(0, NAME_SIZE - 1))).toThrow('name of no source')
})

test('another seed is another content, and neither can be compressed', () => {
  const other = bytesOf({ ...source, seed: 1 }, 0, source.size)
  expect(Buffer.compare(other.subarray(NAME_SIZE), whole.subarray(NAME_SIZE))).not.toBe(0)
  expect(Bun.gzipSync(whole).length).toBeGreaterThan(source.size)
})

test('the pieces, and the pieces at a pace, are the whole', async () => {
  expect(concat(...piecesOf(source))).toEqual(whole)
  let waited = 0
  const pause = async (ms: number) => {
    waited += ms
  }
  const parts = await Array.fromAsync(paced([whole], { rate: 100_000, pause }), (part) => part.slice())
  expect(concat(...parts)).toEqual(whole)
  expect(Math.round(waited)).toBe(3_000)
})
