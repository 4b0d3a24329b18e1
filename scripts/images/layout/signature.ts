import { ed25519 } from '@noble/curves/ed25519.js'
import { type Static, Type } from '@sinclair/typebox'
import { verifyEd25519 } from '#common/engines/ed25519'
import { concat, fromHex, utf8 } from '#common/stream/bytes'
import { CliError } from '../../cli/fail.ts'
import { parseDocument } from '../format/oci.ts'

/**
 * The signature of an image lock. What is signed is `lucid/images-lock/v1`, a line feed, and the exact bytes of
 * images.lock.json, with Ed25519 (RFC 8032). The first line keeps a signature from meaning anything elsewhere.
 */
const CONTEXT = 'lucid/images-lock/v1\n'

export const SIGNATURE_FILE = 'images.lock.json.sig'

const Signature = Type.Object(
  {
    format: Type.Literal('lucid/images-lock/v1'),
    algorithm: Type.Literal('Ed25519'),
    public_key: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
  },
  { additionalProperties: false },
)
type Signature = Static<typeof Signature>

const messageOf = (lock: Uint8Array): Uint8Array => concat(utf8(CONTEXT), lock)

/** The signature file of a lock: JSON and a line feed. `key` is the 32-byte seed of RFC 8032. */
export const signLock = (lock: Uint8Array, key: Uint8Array): string => {
  const signature: Signature = {
    format: 'lucid/images-lock/v1',
    algorithm: 'Ed25519',
    public_key: ed25519.getPublicKey(key).toHex(),
    signature: ed25519.sign(messageOf(lock), key).toHex(),
  }
  return `${JSON.stringify(signature, undefined, 2)}\n`
}

/** Why a signature file does not say that the holder of `publicKey` (hex) signed this lock; undefined when it does. */
export const signatureFault = (lock: Uint8Array, file: Uint8Array, publicKey: string): string | undefined => {
  let read: Signature
  try {
    read = parseDocument(Signature, file, SIGNATURE_FILE)
  } catch (error) {
    return error instanceof CliError ? error.message : String(error)
  }
  // What counts is the key that the verifier was given; the one in the file only explains a mismatch.
  if (read.public_key !== publicKey) return `it was signed by ${read.public_key}, which is not the key that is trusted`
  const holds = verifyEd25519(messageOf(lock), fromHex(read.signature), fromHex(publicKey))
  return holds ? undefined : 'the signature does not fit the lock: one of them was changed'
}

/** A key as a file holds it: 64 hex digits. Throws CliError that names the file. */
export const readKey = (text: string, path: string): string => {
  const key = text.trim()
  if (!/^[0-9a-f]{64}$/.test(key)) throw new CliError(`${path} does not hold a key: 64 lower-case hex digits`)
  return key
}
