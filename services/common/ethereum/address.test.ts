import { expect, test } from 'bun:test'
import { deriveAddress } from './address.ts'

test('the address of a known key is the known one', () => {
  expect(deriveAddress(`${'0'.repeat(63)}1`)).toBe('7e5f4552091a69125d5dfcb7b8c2659029395bdf')
})

test('32 bytes that are no key of the curve are refused', () => {
  expect(() => deriveAddress('0'.repeat(64))).toThrow()
})

test('what is no hex of 32 bytes is refused', () => {
  expect(() => deriveAddress('0x11')).toThrow('hex')
  expect(() => deriveAddress('11'.repeat(31))).toThrow('32 bytes')
})
