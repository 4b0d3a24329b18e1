import { expect, test } from 'bun:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { isFault } from '../process/fault.ts'
import { fromHex, utf8 } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import { derived } from '../testing/sample-session.ts'
import { canonicalBytes } from './canonical-json.ts'
import { derivePublicKey, parseSignature, signHash, signManifest, verifyHash } from './signature.ts'

const seed = derived(1, 'seed')
const hash = derived(1, 'hash')

test('a signature verifies under its key and hash and under no other', () => {
  const signature = signHash(hash, seed)
  expect(verifyHash(hash, signature, derivePublicKey(seed))).toBe(true)
  expect(verifyHash(derived(2, 'hash'), signature, derivePublicKey(seed))).toBe(false)
  expect(verifyHash(hash, signature, derivePublicKey(derived(2, 'seed')))).toBe(false)
  for (let bit = 0; bit < 512; bit += 1) {
    const forged = signature.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(verifyHash(hash, forged, derivePublicKey(seed))).toBe(false)
  }
})

test('WebCrypto agrees with the signature', async () => {
  const key = await crypto.subtle.importKey('raw', derivePublicKey(seed), 'Ed25519', false, ['verify'])
  expect(await crypto.subtle.verify('Ed25519', key, signHash(hash, seed), hash)).toBe(true)
})

test('a key of small order and a scalar above the group order are refused', () => {
  const identity = Uint8Array.from([1, ...new Array<number>(31).fill(0)])
  expect(verifyHash(hash, Uint8Array.from([...identity, ...new Uint8Array(32)]), identity)).toBe(false)
  const signature = signHash(hash, seed)
  const order = ed25519.Point.Fn.ORDER
  const s = BigInt(`0x${signature.slice(32).toReversed().toHex()}`) + order
  const malleable = Uint8Array.from([
    ...signature.slice(0, 32),
    ...fromHex(s.toString(16).padStart(64, '0')).toReversed(),
  ])
  expect(verifyHash(hash, malleable, derivePublicKey(seed))).toBe(false)
})

test('wrong sizes verify as false, a hash of another size is a fault', async () => {
  expect(verifyHash(hash, new Uint8Array(63), derivePublicKey(seed))).toBe(false)
  expect(verifyHash(hash, new Uint8Array(64), new Uint8Array(31))).toBe(false)
  expect(isFault(await faultOf(() => signHash(new Uint8Array(31), seed)), 'hash-size')).toBe(true)
})

test('manifest.sig.json is read only in its canonical form', async () => {
  const document = signManifest(hash, seed)
  expect(parseSignature(canonicalBytes(document))).toEqual(document)
  for (const bad of [
    JSON.stringify(Object.fromEntries(Object.entries(document).toReversed())),
    JSON.stringify(document, null, 1),
  ])
    expect(isFault(await faultOf(() => parseSignature(utf8(bad))), 'signature-not-canonical')).toBe(true)
  for (const bad of [
    { ...document, alg: 'ES256K' },
    { ...document, more: 1 },
    { ...document, public_key: document.public_key.toUpperCase() },
  ])
    expect(isFault(await faultOf(() => parseSignature(canonicalBytes(bad))), 'signature-schema')).toBe(true)
})
