import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { equalBytes } from '../stream/bytes.ts'
import { unwrapKey, wrapKey } from './key-wrap.ts'

const filled = (value: number, size = 32) => new Uint8Array(size).fill(value)
const random = (size: number) => filled(9, size)
const [master, key] = [filled(1), filled(2)]
const session = { purpose: 'session-key', id: filled(3, 16) }
const wrapped = wrapKey(master, session, key, random)

const refusal = (unwrap: () => unknown): string => {
  try {
    unwrap()
    return 'opened'
  } catch (error) {
    return isFault(error) ? `${error.kind} ${error.code}` : String(error)
  }
}
const refused = 'unavailable key-does-not-unwrap'

test('a wrapped key is nonce, key and tag, and opens to the key', () => {
  expect(wrapped.length).toBe(24 + 32 + 16)
  expect(wrapped.subarray(0, 24)).toEqual(filled(9, 24))
  expect(unwrapKey(master, session, wrapped)).toEqual(key)
})

test('every wrapping asks for 24 fresh random bytes', () => {
  const asked: number[] = []
  let next = 0
  const counted = (size: number) => {
    asked.push(size)
    return filled(next++, size)
  }
  const [first, second] = [0, 1].map(() => wrapKey(master, session, key, counted))
  expect(asked).toEqual([24, 24])
  expect(equalBytes(first ?? key, second ?? key)).toBe(false)
})

test('another master key, purpose or id does not open it', () => {
  const tries = [
    () => unwrapKey(filled(7), session, wrapped),
    () => unwrapKey(master, { ...session, purpose: 'owner-key' }, wrapped),
    () => unwrapKey(master, { ...session, id: filled(4, 16) }, wrapped),
  ]
  expect(tries.map(refusal)).toEqual([refused, refused, refused])
})

test('any flipped bit and any cut is refused', () => {
  fc.assert(
    fc.property(fc.nat(wrapped.length * 8 - 1), (bit) => {
      const bent = wrapped.slice()
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return refusal(() => unwrapKey(master, session, bent)) === refused
    }),
  )
  for (let size = 0; size < wrapped.length; size++)
    expect(refusal(() => unwrapKey(master, session, wrapped.subarray(0, size)))).toBe(refused)
})
