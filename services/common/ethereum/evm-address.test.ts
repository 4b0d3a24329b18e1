import { expect, test } from 'bun:test'
import { Secret } from '../process/env.ts'
import { evmAddressOf } from './evm-address.ts'

test('the address of a known key is the known one', () => {
  expect(evmAddressOf(new Secret(`${'0'.repeat(63)}1`))).toBe('7e5f4552091a69125d5dfcb7b8c2659029395bdf')
})

test('32 bytes that are no key of the curve are refused', () => {
  expect(() => evmAddressOf(new Secret('0'.repeat(64)))).toThrow()
})
