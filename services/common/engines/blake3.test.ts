import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { blake3, blake3Engine, chooseBlake3, napiEngine, nobleEngine } from './blake3.ts'
import vectors from './vectors/blake3.json'

const pattern = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251)

test('every implementation gives the official BLAKE3 vectors', () => {
  expect(vectors.cases).toHaveLength(22)
  for (const engine of [napiEngine(), nobleEngine()])
    for (const { length, hash } of vectors.cases) expect(engine.hash(pattern(length)).toHex()).toBe(hash)
})

test('the implementations agree on every size around a block and a chunk border', () => {
  const napi = napiEngine()
  const noble = nobleEngine()
  const border = fc
    .tuple(fc.constantFrom(0, 64, 128, 1024, 2048, 3072, 4096, 8192, 16384), fc.integer({ min: -3, max: 3 }))
    .map(([size, off]) => Math.max(0, size + off))
  fc.assert(
    fc.property(border, fc.integer({ min: 0, max: 7 }), fc.integer(), (size, offset, seed) => {
      const bytes = Uint8Array.from({ length: size + offset }, (_, at) => (at * 31 + seed) & 255).subarray(offset)
      expect(napi.hash(bytes).toHex()).toBe(noble.hash(bytes).toHex())
    }),
    { numRuns: 200 },
  )
})

test('the native addon is taken where it loads', async () => {
  const engine = await blake3Engine()
  expect(engine.name).toBe('napi')
  expect(engine.rejected).toEqual([])
  expect(blake3(new Uint8Array()).toHex()).toBe(vectors.cases[0]?.hash ?? '')
})

test('an implementation with a wrong answer is rejected and named', () => {
  const wrong = { ...nobleEngine(), name: 'napi', hash: () => new Uint8Array(32) } as const
  const engine = chooseBlake3([['napi', () => wrong]])
  expect(engine.name).toBe('noble')
  expect(engine.rejected).toEqual([{ name: 'napi', reason: 'wrong answer to the known-answer test' }])
})

test('an implementation that does not load is rejected with its reason', () => {
  const engine = chooseBlake3([
    [
      'napi',
      () => {
        throw new Error('no binary for this machine\nat somewhere')
      },
    ],
  ])
  expect(engine.name).toBe('noble')
  expect(engine.rejected).toEqual([{ name: 'napi', reason: 'no binary for this machine' }])
  expect(engine.hash(pattern(1)).toHex()).toBe(vectors.cases[1]?.hash ?? '')
})
