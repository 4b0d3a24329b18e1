import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { BLOCK } from '../stream/tar.ts'
import { faultOf } from '../testing/faults.ts'
import { decodeBundleHeader, encodeBundleEntry, encodeBundleHeader, isEndBlock } from './tar.ts'

test('a header reads back as what was written', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9._/-]{1,99}$/), fc.nat(0o77777777777), (name, size) => {
      expect(decodeBundleHeader(encodeBundleHeader(name, size))).toEqual({ name, size })
    }),
  )
})

test('any changed bit of a header makes it non-canonical or another one', () => {
  const header = encodeBundleHeader('chunks/000001.lcd', 8_388_682)
  for (let bit = 0; bit < 8 * BLOCK; bit += 1) {
    const changed = header.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(decodeBundleHeader(changed)).toBeUndefined()
  }
})

test('contents are padded to whole blocks', () => {
  expect(encodeBundleEntry('a', new Uint8Array(513)).length).toBe(3 * BLOCK)
})

test('names and sizes that do not fit are faults', async () => {
  for (const name of ['', 'a'.repeat(100), 'a b', 'ä', 'a\0b'])
    expect(isFault(await faultOf(() => encodeBundleHeader(name, 1)), 'tar-name')).toBe(true)
  for (const size of [-1, 0.5, 2 ** 33])
    expect(isFault(await faultOf(() => encodeBundleHeader('a', size)), 'tar-size')).toBe(true)
})

test('only a block of zeros is an end block', () => {
  expect(isEndBlock(new Uint8Array(BLOCK))).toBe(true)
  expect(isEndBlock(new Uint8Array(BLOCK - 1))).toBe(false)
  expect(isEndBlock(Uint8Array.from({ length: BLOCK }, (_, at) => (at === 500 ? 1 : 0)))).toBe(false)
})
