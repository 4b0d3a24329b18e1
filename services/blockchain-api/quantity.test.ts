import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { data, quantity, readAddress, readCount, readData, readHash, readQuantity } from './quantity.ts'

describe('hex values of Ethereum JSON-RPC', () => {
  test('quantities have no leading zeros', () => {
    expect([0, 1, 15, 16, 1024, 2n ** 64n].map(quantity)).toEqual([
      '0x0',
      '0x1',
      '0xf',
      '0x10',
      '0x400',
      '0x10000000000000000',
    ])
  })

  test('quantities and data are read back', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (n) => readQuantity(quantity(n), 'n') === n))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => readData(data(bytes.toHex()), 'd') === bytes.toHex()))
  })

  const badQuantities = ['0x', '0x00', '0x01', '1', 1, '', null, undefined, '0xg', ' 0x1', `0x1${'0'.repeat(64)}`, {}]
  test.each(badQuantities)('%p is no quantity', (value) => {
    expect(() => readQuantity(value, 'n')).toThrow('n: expected a quantity')
  })

  test('a number beyond 2^53 is no count', () => {
    expect(readCount('0x1fffffffffffff', 'n')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => readCount('0x20000000000000', 'n')).toThrow('below 2^53')
  })

  test.each(['0x1', 'ab', '0xzz', 12, null, undefined])('%p is no data', (value) => {
    expect(() => readData(value, 'd')).toThrow('d: expected 0x')
  })

  test('addresses and hashes have their length, in either case', () => {
    expect(readAddress(`0x${'Ab'.repeat(20)}`, 'a')).toBe('ab'.repeat(20))
    expect(readHash(`0x${'cd'.repeat(32)}`, 'h')).toBe('cd'.repeat(32))
    expect(() => readAddress(`0x${'ab'.repeat(19)}`, 'a')).toThrow('20 bytes')
    expect(() => readHash(`0x${'ab'.repeat(33)}`, 'h')).toThrow('32 bytes')
  })
})
