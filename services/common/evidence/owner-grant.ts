import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { sessionIdBytes } from './session-id.ts'
import { recoverOwner, signMessage } from './tron-message.ts'

/** The owner's permission to hand out a session key: a TRON V2 signed message. */

/** What the owner signs to release the key of one session until `expires` (epoch ms). Throws Fault `session-id`, `grant-expires`. */
export const grantMessage = (session: string, expires: number): string => {
  sessionIdBytes(session)
  if (!Number.isSafeInteger(expires) || expires < 0)
    throw new Fault('invalid', 'grant-expires', 'the expiry of a grant is epoch milliseconds')
  return `lucid:key-release:v1:${session}:${expires}`
}

/** What a grant covers. `expires` is epoch milliseconds. */
export type GrantTerms = { readonly session: string; readonly expires: number }

/** The owner's signature, 65 bytes, under a grant. Throws as `grantMessage` does. */
export const signGrant = ({ session, expires }: GrantTerms, privateKey: Uint8Array): Uint8Array<ArrayBuffer> =>
  signMessage(grantMessage(session, expires), privateKey)

/** The TRON address that signed a grant; whether that is the owner, and whether it is still valid, is the caller's question. */
export const recoverGrant = ({
  session,
  expires,
  signature,
}: GrantTerms & { readonly signature: Uint8Array }): string => recoverOwner(grantMessage(session, expires), signature)

/** A grant as it travels: `signature` is the 65 bytes as hex, `expires` epoch milliseconds. */
export type OwnerGrant = { readonly expires: number; readonly signature: string }

/** The longest time ahead that a grant may be valid, ms: a signed leave that leaks must not open recordings for ever. */
export const GRANT_MAX_MS = 10 * 60 * 1000

/** Passes for a grant signed by the owner, in force. Throws Fault `grant-expired`, `-too-long`, `-not-owner`. */
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
