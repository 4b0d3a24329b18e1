import { sha1 } from '@noble/hashes/legacy.js'
import { concat, utf8 } from '#common/stream/bytes'

/** The count byte that tor writes, and the bytes that are hashed for it (RFC 2440, 3.6.1.3). */
const COUNT = 0x60
const HASHED = (16 + (COUNT & 15)) << ((COUNT >> 4) + 6)

/**
 * A control password as HashedControlPassword wants it: `16:`, then salt (8 bytes), count and the iterated
 * SHA-1 in hex, as `tor --hash-password` prints it. The password is a secret of 32 bytes, so that the speed of
 * this hash does not matter.
 */
export const hashPassword = (password: string, salt: Uint8Array): string => {
  const unit = concat(salt, utf8(password))
  const hash = sha1.create()
  for (let left = HASHED; left > 0; left -= unit.length) hash.update(unit.subarray(0, Math.min(left, unit.length)))
  return `16:${concat(salt, Uint8Array.of(COUNT), hash.digest()).toHex().toUpperCase()}`
}
