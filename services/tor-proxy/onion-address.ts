import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { base32 } from '@scure/base'
import { concat, utf8 } from '#common/stream/bytes'

/** Keys and addresses of version 3 onions (rend-spec-v3, 6 and A.2): the expanded secret is the address. */

const VERSION = 3

/** The address of a public key (32 bytes): 56 signs of base32 and `.onion`. */
export const onionAddress = (publicKey: Uint8Array): string => {
  const checksum = sha3_256(concat(utf8('.onion checksum'), publicKey, Uint8Array.of(VERSION))).subarray(0, 2)
  return `${base32.encode(concat(publicKey, checksum, Uint8Array.of(VERSION))).toLowerCase()}.onion`
}

/** The expanded secret (64 bytes: scalar, then prefix) of an Ed25519 seed of 32 bytes (RFC 8032, 5.1.5). */
export const expandedSecret = (seed: Uint8Array): Uint8Array => {
  const expanded = sha512(seed)
  expanded[0] = (expanded[0] ?? 0) & 248
  expanded[31] = ((expanded[31] ?? 0) & 63) | 64
  return expanded
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${bytes.toReversed().toHex()}`)

/** The public key of an expanded secret. */
export const derivePublicKey = (expanded: Uint8Array): Uint8Array =>
  ed25519.Point.BASE.multiply(littleEndian(expanded.subarray(0, 32)) % ed25519.Point.Fn.ORDER).toBytes()

const HEADER = 32
const header = (kind: string) => {
  const bytes = new Uint8Array(HEADER)
  bytes.set(utf8(`== ed25519v1-${kind}: type0 ==`))
  return bytes
}

/** Tor's file `hs_ed25519_secret_key`. */
export const secretFile = (expanded: Uint8Array): Uint8Array => concat(header('secret'), expanded)

/** Tor's file `hs_ed25519_public_key`. */
export const publicFile = (publicKey: Uint8Array): Uint8Array => concat(header('public'), publicKey)

/** The expanded secret in a file as tor keeps it. Throws when it is no such file. */
export const readSecretFile = (bytes: Uint8Array): Uint8Array => {
  const head = header('secret')
  if (bytes.length !== HEADER + 64 || head.some((byte, at) => bytes[at] !== byte))
    throw new Error('this is not the secret key of an onion (hs_ed25519_secret_key): restore it from a backup')
  return bytes.subarray(HEADER)
}
