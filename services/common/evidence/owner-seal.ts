import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { type Static, Type } from '@sinclair/typebox'
import type { Random } from '#common/engines/key-wrap'
import { Fault } from '../process/fault.ts'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'
import { canonicalReader } from './canonical-json.ts'
import { Hex32, Hex48 } from './fields.ts'

const sealingKey = (shared: Uint8Array, ephemeral: Uint8Array, owner: Uint8Array) =>
  hkdf(blake2b, shared, concat(ephemeral, owner), utf8('lucid/owner-seal/v1'), 32)

/** One key a message: the ephemeral key makes each sealing key unique, so a constant nonce is safe. */
const ZERO_NONCE = new Uint8Array(24)

const sharedWith = (secret: Uint8Array, owner: Uint8Array): Uint8Array => {
  try {
    return x25519.getSharedSecret(secret, owner)
  } catch (cause) {
    throw new Fault('invalid', 'owner-x25519', 'owner_x25519 is not a usable X25519 public key', { cause })
  }
}

/**
 * A session key sealed to the owner's X25519 public key: ephemeral public key(32) || XChaCha20-Poly1305
 * under HKDF-BLAKE2b-512(shared secret, salt = both public keys). Only the owner can open it. Throws Fault
 * `invalid` code `owner-x25519` for a key of small order, under which anybody could.
 */
export const sealToOwner = (owner: Uint8Array, key: Uint8Array, random: Random): Uint8Array => {
  const secret = random(32)
  const ephemeral = x25519.getPublicKey(secret)
  const shared = sharedWith(secret, owner)
  return concat(ephemeral, xchacha20poly1305(sealingKey(shared, ephemeral, owner), ZERO_NONCE).encrypt(key))
}

/** What `sealToOwner` sealed, by the owner's secret key. Throws Fault `invalid` when it is not for them. */
export const openAsOwner = (secret: Uint8Array, sealed: Uint8Array): Uint8Array => {
  const ephemeral = sealed.subarray(0, 32)
  try {
    const shared = x25519.getSharedSecret(secret, ephemeral)
    const key = sealingKey(shared, ephemeral, x25519.getPublicKey(secret))
    return xchacha20poly1305(key, ZERO_NONCE).decrypt(sealed.subarray(32))
  } catch (cause) {
    throw new Fault('invalid', 'not-sealed-to-this-key', 'this was not sealed to that key', { cause })
  }
}

/** keys.sealed.json: the session key sealed to its owner; `epk` is the ephemeral public key, `ct` ciphertext || tag. */
export const SealedKeys = Type.Object(
  { alg: Type.Literal('X25519-HKDF-BLAKE2b-512-XChaCha20-Poly1305'), epk: Hex32, ct: Hex48 },
  { additionalProperties: false },
)
export type SealedKeys = Static<typeof SealedKeys>

/** Strict reader of keys.sealed.json. Throws Fault `sealed-keys-not-json`, `sealed-keys-schema`, `sealed-keys-not-canonical`. */
export const parseSealedKeys = canonicalReader('sealed-keys', SealedKeys)

/** The document of what `sealToOwner` gave (80 bytes). */
export const sealedKeys = (sealed: Uint8Array): SealedKeys => ({
  alg: 'X25519-HKDF-BLAKE2b-512-XChaCha20-Poly1305',
  epk: sealed.subarray(0, 32).toHex(),
  ct: sealed.subarray(32).toHex(),
})

/** The session key in keys.sealed.json, by the owner's X25519 secret key (32 bytes). Throws Fault `not-sealed-to-this-key`. */
export const openSealedKeys = ({ epk, ct }: SealedKeys, secret: Uint8Array): Uint8Array =>
  openAsOwner(secret, concat(fromHex(epk, 32), fromHex(ct, 48)))
