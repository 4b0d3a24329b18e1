import { expect, test } from 'bun:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { fromHex, utf8 } from '../stream/bytes.ts'
import { caseCount } from '../testing/extent.ts'
import { flipIn } from '../testing/faults.ts'
import { seedAt, smallOrderPoints, torsionSignature } from '../testing/torsion.ts'
import { verifyEd25519 } from './ed25519.ts'
import speccheck from './vectors/ed25519-speccheck.json'

for (const { what, message, public_key, signature, libsodium } of speccheck.cases)
  test(`speccheck, ${what}: ${libsodium ? 'taken' : 'refused'}`, () => {
    expect(verifyEd25519(fromHex(message), fromHex(signature), fromHex(public_key))).toBe(libsodium)
  })

test('the test vectors of RFC 8032 hold', () => {
  for (const [key, message, signature] of [
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ] as const)
    expect(verifyEd25519(fromHex(message), fromHex(signature), fromHex(key))).toBe(true)
})

test('any signature holds for its key and message, and for nothing with a bit changed', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.uint8Array({ maxLength: 100 }), fc.nat(511), (seed, given, bit) => {
      const [message, secret] = [Uint8Array.from(given), seedAt(seed)]
      const key = ed25519.getPublicKey(secret)
      const signature = ed25519.sign(message, secret)
      expect(verifyEd25519(message, signature, key)).toBe(true)
      expect(verifyEd25519(message, flipIn(signature, bit), key)).toBe(false)
      expect(verifyEd25519(message, signature, flipIn(key, bit % 256))).toBe(false)
      expect(verifyEd25519(utf8('another'), signature, key)).toBe(false)
    }),
    { numRuns: caseCount(100) },
  )
})

test('a part of small order in R, and any key or R of small order, is refused', () => {
  for (const [at, point] of smallOrderPoints().entries()) {
    const { message, signature, key } = torsionSignature(at, point)
    // The point that changes nothing leaves a signature like any other.
    expect([at, verifyEd25519(message, signature, key)]).toEqual([at, at === 0])
    expect(verifyEd25519(message, signature, point.toBytes())).toBe(false)
    expect(verifyEd25519(message, Uint8Array.from([...point.toBytes(), ...signature.slice(32)]), key)).toBe(false)
  }
})

test('other lengths are refused', () => {
  const secret = seedAt(1)
  const signature = ed25519.sign(utf8('x'), secret)
  const key = ed25519.getPublicKey(secret)
  for (const [a, b] of [
    [signature.slice(1), key],
    [Uint8Array.from([...signature, 0]), key],
    [signature, key.slice(1)],
    [new Uint8Array(), new Uint8Array()],
  ] as const)
    expect(verifyEd25519(utf8('x'), a, b)).toBe(false)
})
