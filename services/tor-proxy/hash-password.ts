import { sha1 } from '@noble/hashes/legacy.js'
import { concat, utf8 } from '#common/stream/bytes'

/** The count byte that tor writes, and the bytes that are hashed for it (RFC 2440, 3.6.1.3). */
const COUNT = 0x60
const HASHED = (16 + (COUNT & 15)) << ((COUNT >> 4) + 6)

/** As `tor --hash-password`: `16:`, salt (8 bytes), count, SHA-1. 32 random bytes need no slow hash. */
export const hashPassword = (password: string, salt: Uint8Array): string => {
  const unit = concat(salt, utf8(password))
  const hash = sha1.create()
  for (let left = HASHED; left > 0; left -= unit.length) hash.update(unit.subarray(0, Math.min(left, unit.length)))
  return `16:${concat(salt, Uint8Array.of(COUNT), hash.digest()).toHex().toUpperCase()}`
}
