import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { concat, equalBytes, free, fromHex, toHex, u32be, utf8 } from './bytes.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

describe('hex', () => {
  test('bytes survive the way to hex and back', () => {
    fc.assert(fc.property(bytes, (some) => equalBytes(fromHex(toHex(some)), some)))
  })

  test('only lower-case hex of whole bytes is read', () => {
    for (const wrong of ['0', 'AB', '0x00', 'zz', ' 00', '00\n', 'a b'])
      expect(() => fromHex(wrong)).toThrow('lower-case hex')
  })

  test('a length that was asked for is kept', () => {
    expect(fromHex('00ff', 2)).toEqual(new Uint8Array([0, 255]))
    expect(() => fromHex('00ff', 3)).toThrow('expected 3 bytes of hex, got 2')
  })
})

test('concat holds the parts in order, in memory of its own', () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) =>
      equalBytes(concat(...parts), new Uint8Array(parts.flatMap((part) => [...part]))),
    ),
  )
  const part = new Uint8Array([1])
  const whole = concat(part)
  part[0] = 2
  expect([...whole]).toEqual([1])
})

test('u32be is big endian and refuses what is no unsigned 32-bit integer', () => {
  expect(toHex(concat(u32be(0), u32be(0x01020304), u32be(0xffffffff)))).toBe('0000000001020304ffffffff')
  for (const wrong of [-1, 0.5, 2 ** 32, Number.NaN]) expect(() => u32be(wrong)).toThrow('32-bit')
})

test('equalBytes compares length and content', () => {
  const [a, b] = [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)]
  expect([equalBytes(a, b), equalBytes(a, new Uint8Array([1])), equalBytes(a, new Uint8Array([1, 3]))]).toEqual([
    true,
    false,
    false,
  ])
})

test('utf8 is the UTF-8 of the string', () => {
  expect(toHex(utf8('aé€'))).toBe('61c3a9e282ac')
})

test('free gives the memory back, and again is nothing', () => {
  const some = new Uint8Array(10)
  free(some)
  expect([some.length, some.buffer.byteLength]).toEqual([0, 0])
  free(some)
})
