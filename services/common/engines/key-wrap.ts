import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { Fault } from '../process/fault.ts'
import { concat, utf8 } from '../stream/bytes.ts'

/** That many bytes of cryptographic randomness. */
export type Random = (size: number) => Uint8Array

/** What a wrapped key is for and whose it is; both are authenticated, so it opens for nothing else. */
export type WrapFor = { readonly purpose: string; readonly id: Uint8Array }

const bound = ({ purpose, id }: WrapFor) => concat(utf8(`${purpose}:`), id)

/** A key wrapped under a 32-byte master key: nonce(24) || XChaCha20-Poly1305 of the key. */
export const wrapKey = (master: Uint8Array, wrapFor: WrapFor, key: Uint8Array, random: Random): Uint8Array => {
  const nonce = random(24)
  return concat(nonce, xchacha20poly1305(master, nonce, bound(wrapFor)).encrypt(key))
}

/** The key of `wrapKey`. Throws Fault `unavailable` code `key-does-not-unwrap` under another master key. */
export const unwrapKey = (master: Uint8Array, wrapFor: WrapFor, wrapped: Uint8Array): Uint8Array => {
  try {
    return xchacha20poly1305(master, wrapped.subarray(0, 24), bound(wrapFor)).decrypt(wrapped.subarray(24))
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'key-does-not-unwrap',
      'a kept key does not open under the master key of this service; restore the master key it was made under',
      { cause },
    )
  }
}
