import { type Static, Type } from '@sinclair/typebox'
import { policyText } from '../evidence/policy-proof.ts'
import { verifyTronMessage } from '../evidence/tron-message.ts'
import { Fault } from '../process/fault.ts'
import { type PolicySnapshot, policyBytes, policyHash, readPolicy, PolicySnapshot as Snapshot } from './snapshot.ts'

/** A policy and its owner's signature under `policyMessage`: 65 bytes of hex, as TRON wallets give it. */
export const SignedPolicy = Type.Object(
  { snapshot: Snapshot, signature: Type.String({ pattern: '^(?:0x)?[0-9a-fA-F]{130}$' }) },
  { additionalProperties: false },
)
export type SignedPolicy = Static<typeof SignedPolicy>

/** By how much the clock of an owner's wallet may be ahead, ms. */
const CLOCKS = 5 * 60_000

/** The text that the owner signs as a TRON V2 message. */
export const policyMessage = (policy: PolicySnapshot): string =>
  policyText({ ...policy, hash: policyHash(policyBytes(policy)) })

/** A policy that was checked: its canonical text, which is what was hashed, and the hash. */
export type CheckedPolicy = { readonly policy: PolicySnapshot; readonly text: string; readonly hash: string }

/** Passes for a policy its owner signed, in force. Throws Fault `policy-owner`, `-not-signed`, `-not-in-force`. */
export const checkSignedPolicy = (
  { snapshot, signature }: SignedPolicy,
  { owner, now }: { readonly owner: string; readonly now: number },
): CheckedPolicy => {
  const bytes = policyBytes(snapshot)
  const policy = readPolicy(bytes)
  if (policy.owner !== owner)
    throw new Fault('forbidden', 'policy-owner', "the policy is another owner's: sign one with your own key")
  if (!verifyTronMessage({ address: owner, message: policyMessage(policy), signature }))
    throw new Fault(
      'forbidden',
      'policy-not-signed',
      'the policy is not signed by its owner: sign its text as a TRON message (V2) with the key of that address',
    )
  if (now >= policy.valid_until || now < policy.created_at - CLOCKS)
    throw new Fault('forbidden', 'policy-not-in-force', 'the policy is not in force now: sign a new one')
  return { policy, text: new TextDecoder().decode(bytes), hash: policyHash(bytes) }
}
