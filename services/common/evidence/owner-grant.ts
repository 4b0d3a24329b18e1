import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Fault } from '../process/fault.ts'
import { concat, fromHex, utf8 } from '../stream/bytes.ts'
import { ownerAddress } from './owner.ts'
import { sessionIdBytes } from './session-id.ts'

/**
 * The owner's permission to hand out a session key: a TRON V2 signed message (the digest that TRON wallets
 * show and sign), keccak256("\x19TRON Signed Message:\n" || byte length in decimal || message) under secp256k1.
 * A signature is r || s || v, 65 bytes, v = 27 or 28, s in the lower half (no second spelling).
 */

/** What the owner signs to release the key of one session until `expires` (epoch ms). Throws Fault `session-id`, `grant-expires`. */
export const grantMessage = (session: string, expires: number): string => {
  sessionIdBytes(session)
  if (!Number.isSafeInteger(expires) || expires < 0)
    throw new Fault('invalid', 'grant-expires', 'the expiry of a grant is epoch milliseconds')
  return `lucid:key-release:v1:${session}:${expires}`
}

/** The 32-byte digest of a TRON V2 signed message. */
export const tronMessageDigest = (message: string): Uint8Array<ArrayBuffer> => {
  const body = utf8(message)
  return Uint8Array.from(keccak_256(concat(utf8(`\x19TRON Signed Message:\n${body.length}`), body)))
}

const addressOf = (publicKey: Uint8Array): string =>
  ownerAddress(keccak_256(publicKey.subarray(1)).slice(-20))

/** The TRON address of a 32-byte private key. */
export const deriveOwner = (privateKey: Uint8Array): string =>
  addressOf(secp256k1.getPublicKey(privateKey, false))

/** Signs a message as a TRON wallet does: 65 bytes. `privateKey` 32 bytes. */
export const signMessage = (message: string, privateKey: Uint8Array): Uint8Array<ArrayBuffer> => {
  const recovered = secp256k1.sign(tronMessageDigest(message), privateKey, {
    prehash: false,
    format: 'recovered',
  })
  return concat(recovered.subarray(1), Uint8Array.of(27 + (recovered[0] ?? 0)))
}

const signatureFault = (): Fault =>
  new Fault(
    'invalid',
    'owner-signature',
    'not a TRON message signature: 65 bytes, r || s || v with v 27 or 28 and a low s',
  )

/** The TRON address that signed the message. Throws Fault `owner-signature` for a malformed signature. */
export const recoverOwner = (message: string, signature: Uint8Array): string => {
  const recovery = (signature[64] ?? 0) - 27
  if (signature.length !== 65 || (recovery !== 0 && recovery !== 1)) throw signatureFault()
  try {
    const parsed = secp256k1.Signature.fromBytes(
      concat(Uint8Array.of(recovery), signature.subarray(0, 64)),
      'recovered',
    )
    if (parsed.hasHighS()) throw signatureFault()
    return addressOf(parsed.recoverPublicKey(tronMessageDigest(message)).toBytes(false))
  } catch {
    throw signatureFault()
  }
}

/** What a grant covers. `expires` is epoch milliseconds. */
export type GrantTerms = { readonly session: string; readonly expires: number }

/** The owner's signature, 65 bytes, under a grant. Throws as `grantMessage` does. */
export const signGrant = (
  { session, expires }: GrantTerms,
  privateKey: Uint8Array,
): Uint8Array<ArrayBuffer> => signMessage(grantMessage(session, expires), privateKey)

/** The TRON address that signed a grant; whether that is the owner, and whether it is still valid, is the caller's question. */
export const recoverGrant = ({
  session,
  expires,
  signature,
}: GrantTerms & { readonly signature: Uint8Array }): string =>
  recoverOwner(grantMessage(session, expires), signature)

/** A grant as it travels: `signature` is the 65 bytes as hex, `expires` epoch milliseconds. */
export type OwnerGrant = { readonly expires: number; readonly signature: string }

/** The longest time ahead that a grant may be valid, ms: a signed leave that leaks must not open recordings for ever. */
export const GRANT_MAX_MS = 10 * 60 * 1000

/**
 * Passes only for a grant of this session, signed by its owner and in force. Throws Fault `forbidden`
 * (`grant-expired`, `grant-too-long`, `grant-not-owner`) or `invalid` for a malformed signature.
 */
export const checkGrant = (
  { expires, signature }: OwnerGrant,
  { session, owner, now }: { readonly session: string; readonly owner: string; readonly now: number },
): void => {
  if (expires <= now) throw new Fault('forbidden', 'grant-expired', 'the grant has expired: sign a new one')
  if (expires > now + GRANT_MAX_MS)
    throw new Fault('forbidden', 'grant-too-long', `a grant lasts at most ${GRANT_MAX_MS / 60_000} minutes`)
  if (recoverGrant({ session, expires, signature: fromHex(signature, 65) }) !== owner)
    throw new Fault('forbidden', 'grant-not-owner', "the grant is not signed by the session's owner")
}
