import { dlopen, FFIType, ptr } from 'bun:ffi'
import { expect, test } from 'bun:test'
import { concat, fromHex } from '../stream/bytes.ts'
import { flipIn } from '../testing/faults.ts'
import { seedAt, smallOrderPoints, torsionSignature } from '../testing/torsion.ts'
import { verifyEd25519 } from './ed25519.ts'
import speccheck from './vectors/ed25519-speccheck.json'

const { ptr: pointer, u64, i32 } = FFIType

/** The check of the libsodium of this machine; undefined without one. */
const openLibsodium = () => {
  try {
    const { symbols } = dlopen('libsodium.so.23', {
      sodium_init: { args: [], returns: i32 },
      crypto_sign_verify_detached: { args: [pointer, pointer, u64, pointer], returns: i32 },
    })
    if (symbols.sodium_init() < 0) return undefined
    return (message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean =>
      symbols.crypto_sign_verify_detached(ptr(signature), ptr(message), message.length, ptr(key)) === 0
  } catch {
    return undefined
  }
}

const libsodium = openLibsodium()
if (libsodium === undefined)
  console.log('NOT RUN: libsodium is not installed: apt-get install libsodium23 (Ed25519 as libsodium checks it)')

/** Encodings of y = p + 0..18, with either sign: all that are not canonical. */
const nonCanonical = Array.from({ length: 19 }, (_, at) => at).flatMap((at) =>
  [0x7f, 0xff].map((top) => Uint8Array.from([0xed + at, ...new Array<number>(30).fill(0xff), top])),
)

test.skipIf(libsodium === undefined)('libsodium takes what we take, and refuses what we refuse', () => {
  const agree = (message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean => {
    const ours = verifyEd25519(message, signature, key)
    expect([signature.toHex(), key.toHex(), ours]).toEqual([
      signature.toHex(),
      key.toHex(),
      libsodium?.(message, signature, key) ?? !ours,
    ])
    return ours
  }
  for (const { message, public_key, signature, libsodium: taken } of speccheck.cases)
    expect(agree(fromHex(message), fromHex(signature), fromHex(public_key))).toBe(taken)
  const odd = [...smallOrderPoints().map((point) => point.toBytes()), ...nonCanonical]
  for (const [at, point] of smallOrderPoints().entries())
    for (let round = 0; round < 20; round += 1) {
      const { message, signature, key } = torsionSignature(100 * at + round, point)
      expect(agree(message, signature, key)).toBe(at === 0)
      agree(message, flipIn(signature, 25 * round), key)
      agree(message, signature, flipIn(key, 12 * round))
      for (const encoding of odd) {
        agree(message, signature, encoding)
        agree(message, concat(encoding, signature.slice(32)), key)
        agree(message, concat(encoding, new Uint8Array(32)), encoding)
      }
      agree(message, concat(signature.slice(0, 32), seedAt(round)), key)
    }
})
