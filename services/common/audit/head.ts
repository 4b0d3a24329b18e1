import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '../engines/blake3.ts'
import { canonicalBytes } from '../evidence/canonical-json.ts'
import { Hex32, Hex64, Natural } from '../evidence/fields.ts'
import { derivePublicKey, signHash, verifyHash } from '../evidence/signature.ts'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'
import type { Tip } from './entry.ts'

/** A service's word, by its identity key, that its stream up to `seq` ends in `hash`. */
export const SignedHead = Type.Object({
  service: Type.String({ maxLength: 64 }),
  seq: Natural,
  hash: Hex32,
  at: Natural,
  public_key: Hex32,
  signature: Hex64,
})
export type SignedHead = Static<typeof SignedHead>

const HEAD_DOMAIN = utf8('lucid/audit/head/v1\0')

const hashHead = ({ service, seq, hash, at }: Pick<SignedHead, 'service' | 'seq' | 'hash' | 'at'>) =>
  blake3(concat(HEAD_DOMAIN, canonicalBytes({ service, seq, hash, at })))

/** Signs a tip. Ed25519 over BLAKE3("lucid/audit/head/v1" 0x00 || RFC 8785 JSON of { service, seq, hash, at }). */
export const signHead = (
  service: string,
  { seq, hash }: Tip,
  { seed, at }: { readonly seed: Uint8Array; readonly at: number },
): SignedHead => {
  const said = { service, seq, hash, at }
  return { ...said, public_key: derivePublicKey(seed).toHex(), signature: signHash(hashHead(said), seed).toHex() }
}

/** True when the head is signed by this identity's key (hex), the one that is known of the service. */
export const verifyHead = (head: SignedHead, publicKey: string): boolean =>
  head.public_key === publicKey && verifyHash(hashHead(head), fromHex(head.signature), fromHex(publicKey))
