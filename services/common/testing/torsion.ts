import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'

/** Ed25519 signatures that some implementations take and others refuse, made with the signer's own key. */

const { Point } = ed25519
type Point = InstanceType<typeof Point>

/** A point of order 8 (Chalkias et al., table 1). */
const OF_ORDER_8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'

/** The eight points of small order; the first is the neutral one. */
export const smallOrderPoints = (): readonly Point[] => {
  const step = Point.fromHex(OF_ORDER_8)
  return Array.from({ length: 8 }, (_, times) => (times === 0 ? Point.ZERO : step.multiplyUnsafe(BigInt(times))))
}

/** 32 secret bytes that follow from a number. */
export const seedAt = (number: number): Uint8Array => sha512(utf8(`seed ${number}`)).slice(0, 32)

const readLittle = (bytes: Uint8Array): bigint => BigInt(`0x${bytes.toReversed().toHex()}`)

/** A signature whose R carries `point` on top: it holds with the cofactor, and without it only for the neutral point. */
export const torsionSignature = (number: number, point: Point) => {
  const [secret, message] = [seedAt(number), utf8(`message ${number}`)]
  const key = ed25519.getPublicKey(secret)
  const digest = sha512(secret)
  const scalar = digest.slice(0, 32)
  scalar[0] = (scalar[0] ?? 0) & 248
  scalar[31] = ((scalar[31] ?? 0) & 127) | 64
  const order = Point.Fn.ORDER
  const r = readLittle(sha512(concat(digest.slice(32), message))) % order
  const R = Point.BASE.multiply(r).add(point).toBytes()
  const k = readLittle(sha512(concat(R, key, message))) % order
  const s = (r + k * (readLittle(scalar) % order)) % order
  const signature = concat(R, fromHex(s.toString(16).padStart(64, '0')).toReversed())
  return { message, key, signature }
}
