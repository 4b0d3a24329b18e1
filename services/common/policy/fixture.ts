import { deriveOwner, signTronMessage } from '../evidence/tron-message.ts'
import { derived } from '../testing/sample-session.ts'
import { buildPolicy, type PolicyWishes } from './build.ts'
import type { Situation } from './decision.ts'
import { policyMessage, type SignedPolicy } from './signature.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** People for tests of policies, by what they are in them, with the keys that they sign with. */
const keyOf = (name: string) => derived(12, `person ${name}`)
export const ownerKey = keyOf('owner')
export const [owner, guest, viewer, approver, stranger] = ['owner', 'guest', 'viewer', 'approver', 'stranger'].map(
  (name) => deriveOwner(keyOf(name)),
) as [string, string, string, string, string]

export const NOW = 1_760_000_000_000
const HOUR = 3600 * 1000

/** A policy with everybody in it, valid for an hour from `NOW`, and what a test changes of it. */
export const samplePolicy = (wishes: PolicyWishes = {}): PolicySnapshot =>
  buildPolicy(
    { owner, nonce: derived(12, 'nonce').toHex(), now: NOW, validFor: HOUR },
    { participants: [guest], observers: [viewer], approvers: [owner, approver], ...wishes },
  )

/** As its owner's wallet signs it. */
export const signPolicy = (snapshot: PolicySnapshot, key = ownerKey): SignedPolicy => ({
  snapshot,
  signature: signTronMessage(policyMessage(snapshot), key),
})

/** A session under the policy in which the owner, the guest and the viewer were let in. */
export const situation = (policy: PolicySnapshot | undefined, change: Partial<Situation> = {}): Situation => ({
  policy,
  isRecorded: true,
  isSuspended: false,
  participants: [owner, guest],
  observers: [viewer],
  requests: [],
  now: NOW,
  ...change,
})
