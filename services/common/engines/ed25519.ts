import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equalBytes } from '../stream/bytes.ts'

/**
 * The one check of Ed25519 signatures, as strict as libsodium's: what it passes, every other implementation passes,
 * so that two verifiers never disagree about one bundle (Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs",
 * https://eprint.iacr.org/2020/1244). The library's own check is cofactored and takes a part of small order in R.
 */

const { Point } = ed25519
const { Fn } = Point

const readLittle = (bytes: Uint8Array): bigint => BigInt(`0x${bytes.toReversed().toHex()}`)

/** The point of a canonical encoding that has a part of large order. Throws for any other. */
const readPoint = (bytes: Uint8Array) => {
  const point = Point.fromBytes(bytes)
  if (point.isSmallOrder()) throw new Error('a point of small order')
  return point
}

/**
 * True when the signature (64 bytes) over the message is by the key (32 bytes): canonical encodings alone, S below the
 * group order, neither A nor R of small order, and [S]B = R + [k]A without a cofactor (RFC 8032, section 5.1.7). Never
 * throws for bad signatures or keys.
 */
export const verifyEd25519 = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean => {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  const [r, s] = [signature.subarray(0, 32), readLittle(signature.subarray(32))]
  if (s >= Fn.ORDER) return false
  try {
    readPoint(r)
    const key = readPoint(publicKey)
    const k = Fn.create(readLittle(sha512(concat(r, publicKey, message))))
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k)).toBytes(), r)
  } catch {
    return false
  }
}
