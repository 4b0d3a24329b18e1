import { ed25519 } from '@noble/curves/ed25519.js'
import { type Static, Type } from '@sinclair/typebox'
import { verifyEd25519 } from '#common/engines/ed25519'
import { Fault } from '../process/fault.ts'
import { canonicalReader } from './canonical-json.ts'
import { Hex32, Hex64 } from './fields.ts'

/** manifest.sig.json: the session key's signature over the 32-byte manifest_hash, outside the hashed body. */
export const ManifestSignature = Type.Object(
  { alg: Type.Literal('Ed25519'), public_key: Hex32, signature: Hex64 },
  { additionalProperties: false },
)
export type ManifestSignature = Static<typeof ManifestSignature>

/** Strict reader of manifest.sig.json. Throws Fault `signature-not-json`, `signature-schema`, `signature-not-canonical`. */
export const parseSignature = canonicalReader('signature', ManifestSignature)

const checkHash = (hash: Uint8Array): void => {
  if (hash.length !== 32) throw new Fault('invalid', 'hash-size', 'only a 32-byte hash is signed')
}

/** The 32-byte Ed25519 public key of a 32-byte seed. */
export const derivePublicKey = (seed: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(ed25519.getPublicKey(seed))

/** Ed25519 (RFC 8032) over a 32-byte hash. 64 bytes; the same for the same input. */
export const signHash = (hash: Uint8Array, seed: Uint8Array): Uint8Array<ArrayBuffer> => {
  checkHash(hash)
  return Uint8Array.from(ed25519.sign(hash, seed))
}

/** True when the key signed the hash, by the one strict check (`verifyEd25519`). Never throws for bad signatures or keys. */
export const verifyHash = (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean => {
  checkHash(hash)
  return verifyEd25519(hash, signature, publicKey)
}

/** The document that goes beside the manifest. `seed` is the session's 32-byte Ed25519 seed. */
export const signManifest = (hash: Uint8Array, seed: Uint8Array): ManifestSignature => ({
  alg: 'Ed25519',
  public_key: derivePublicKey(seed).toHex(),
  signature: signHash(hash, seed).toHex(),
})
