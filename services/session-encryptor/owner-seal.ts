import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import type { Random } from '#common/engines/key-wrap'
import { Fault } from '#common/process/fault'
import { concat, utf8 } from '#common/stream/bytes'

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
