import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/evidence.ts'
import { BLOCK, header512, isEndBlock, padded, padding, readHeader512, tarEntry } from './tar.ts'

test('a header reads back as what was written', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9._/-]{1,99}$/), fc.nat(0o77777777777), (name, size) => {
      expect(readHeader512(header512(name, size))).toEqual({ name, size })
    }),
  )
})

test('any changed bit of a header makes it non-canonical or another one', () => {
  const header = header512('chunks/000001.lcd', 8_388_682)
  for (let bit = 0; bit < 8 * BLOCK; bit += 1) {
    const changed = header.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(readHeader512(changed)).toBeUndefined()
  }
})

test('contents are padded to whole blocks', () => {
  expect([0, 1, 511, 512, 513].map(padded)).toEqual([0, 512, 512, 512, 1024])
  expect([0, 1, 512].map((size) => padding(size).length)).toEqual([0, 511, 0])
  expect(tarEntry('a', new Uint8Array(513)).length).toBe(3 * BLOCK)
})

test('names and sizes that do not fit are faults', async () => {
  for (const name of ['', 'a'.repeat(100), 'a b', 'ä', 'a\0b'])
    expect(isFault(await faultOf(() => header512(name, 1)), 'tar-name')).toBe(true)
  for (const size of [-1, 0.5, 2 ** 33])
    expect(isFault(await faultOf(() => header512('a', size)), 'tar-size')).toBe(true)
})

test('only a block of zeros is an end block', () => {
  expect(isEndBlock(new Uint8Array(BLOCK))).toBe(true)
  expect(isEndBlock(new Uint8Array(BLOCK - 1))).toBe(false)
  expect(isEndBlock(Uint8Array.from({ length: BLOCK }, (_, at) => (at === 500 ? 1 : 0)))).toBe(false)
})
