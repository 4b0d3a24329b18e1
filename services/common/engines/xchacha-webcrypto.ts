import { hchacha } from '@noble/ciphers/chacha.js'
import { authenticationFault, type Opening, type Sealing, TAG_SIZE } from './xchacha.ts'

/**
 * XChaCha20-Poly1305 = ChaCha20-Poly1305 (RFC 8439) under the subkey HChaCha20(key, nonce[0..16]) with the
 * nonce 0x00000000 || nonce[16..24] (draft-irtf-cfrg-xchacha-03, section 2.3). Bun's WebCrypto runs that
 * cipher in BoringSSL on its own threads, so the event loop stays free.
 */

/** "expa" "nd 3" "2-by" "te k" as little-endian words. */
const SIGMA = new Uint32Array([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574])

/** 32-bit little-endian words of an aligned copy. Every platform Bun runs on is little-endian. */
const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer)

/** HChaCha20 of a 32-byte key and the first 16 bytes of a nonce: the 32-byte subkey. */
export const hchacha20 = (key: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> => {
  const out = new Uint32Array(8)
  hchacha(SIGMA, words(key), words(nonce.subarray(0, 16)), out)
  return new Uint8Array(out.buffer)
}

const ietfNonce = (nonce: Uint8Array): Uint8Array<ArrayBuffer> => {
  const short = new Uint8Array(12)
  short.set(nonce.subarray(16), 4)
  return short
}

// The names are Bun's ("raw" is refused for this cipher) and newer than the DOM's type declarations.
const CIPHER = 'ChaCha20-Poly1305'
const importKey = async (key: Uint8Array, nonce: Uint8Array, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> => {
  const subkey = hchacha20(key, nonce)
  const imported = await crypto.subtle.importKey('raw-secret' as 'raw', subkey, CIPHER, false, [use])
  subkey.fill(0)
  return imported
}

const parameters = (nonce: Uint8Array, aad: Uint8Array) => ({
  name: CIPHER,
  iv: ietfNonce(nonce),
  additionalData: aad as Uint8Array<ArrayBuffer>,
  tagLength: 8 * TAG_SIZE,
})

/** Ciphertext || tag in a buffer of its own. */
export const webSeal = async ({ key, nonce, aad, plain }: Sealing): Promise<Uint8Array<ArrayBuffer>> => {
  const imported = await importKey(key, nonce, 'encrypt')
  return new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, aad), imported, plain as Uint8Array<ArrayBuffer>))
}

/** The plaintext in a buffer of its own. Throws Fault `aead-failed` when the message does not authenticate. */
export const webOpen = async ({ key, nonce, aad, sealed }: Opening): Promise<Uint8Array<ArrayBuffer>> => {
  if (sealed.length < TAG_SIZE) throw authenticationFault()
  const imported = await importKey(key, nonce, 'decrypt')
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(parameters(nonce, aad), imported, sealed as Uint8Array<ArrayBuffer>),
    )
  } catch {
    throw authenticationFault()
  }
}
