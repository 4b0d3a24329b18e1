import { Fault } from '../process/fault.ts'

/** One message to seal. `key` 32 bytes, `nonce` 24 bytes that were never used with this key. */
export type Sealing = {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
  readonly plain: Uint8Array
}

/** One message to open. `sealed` = ciphertext || 16-byte tag. */
export type Opening = {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
}

export const KEY_SIZE = 32
export const NONCE_SIZE = 24
export const TAG_SIZE = 16

/** Throws Fault `invalid` unless key and nonce have their sizes. */
export const checkSizes = ({ key, nonce }: Pick<Sealing, 'key' | 'nonce'>): void => {
  if (key.length !== KEY_SIZE)
    throw new Fault(
      'invalid',
      'aead-key-size',
      `an XChaCha20-Poly1305 key has ${KEY_SIZE} bytes, this one ${key.length}`,
    )
  if (nonce.length !== NONCE_SIZE)
    throw new Fault(
      'invalid',
      'aead-nonce-size',
      `an XChaCha20-Poly1305 nonce has ${NONCE_SIZE} bytes, this one ${nonce.length}`,
    )
}

/** The one answer to a message that does not authenticate; it never says which part differed. */
export const authenticationFault = (): Fault =>
  new Fault(
    'invalid',
    'aead-failed',
    'does not decrypt: the key is another one, or ciphertext, tag, nonce or header were changed',
  )
