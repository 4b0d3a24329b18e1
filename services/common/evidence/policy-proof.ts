import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { blake3 } from '../engines/blake3.ts'
import { canonicalBytes } from './canonical-json.ts'
import { type Check, listFaults } from './check.ts'
import { Natural, TronAddress } from './fields.ts'
import type { Manifest } from './manifest.ts'
import { verifyTronMessage } from './tron-message.ts'

/** What the signed text says of a policy: its owner, until when it is in force (epoch ms), and BLAKE3 of its canonical JSON. */
export type PolicyTerms = { readonly owner: string; readonly valid_until: number; readonly hash: string }

/** The text that the owner of a policy signs as a TRON V2 message. The hash fixes everything; the rest is for their eyes. */
export const policyText = ({ owner, valid_until, hash }: PolicyTerms): string =>
  [
    'Lucid session policy v1',
    'What this policy does not allow is denied in my sessions.',
    `Owner: ${owner}`,
    `Valid until: ${new Date(valid_until).toISOString()}`,
    `Policy hash (BLAKE3): ${hash}`,
  ].join('\n')

const People = Type.Array(TronAddress, { maxItems: 1000 })
/** The body of the audit event `policy-set`, as far as a proof needs it; `common/policy` knows the rest of a policy. */
const PolicySet = Type.Object({
  hash: Type.String(),
  signature: Type.String({ maxLength: 132 }),
  snapshot: Type.Object({
    owner: TronAddress,
    valid_until: Type.Intersect([Natural, Type.Integer({ maximum: 8.64e15 })]),
    participants: People,
    observers: People,
  }),
})
let checker: ReturnType<typeof TypeCompiler.Compile<typeof PolicySet>> | undefined

const unnamed = (admitted: readonly string[], named: readonly string[], part: string): readonly string[] =>
  admitted
    .filter((person) => !named.includes(person))
    .map((person) => `${person} was let in as ${part}, and the policy does not name them so`)

/** Undefined for what has no canonical form, as a lone surrogate. */
const hashOf = (snapshot: unknown): string | undefined => {
  try {
    return blake3(canonicalBytes(snapshot)).toHex()
  } catch {
    return undefined
  }
}

const findFaults = (
  { policy_hash, owner, participants, observers }: Manifest,
  { snapshot, signature }: Static<typeof PolicySet>,
): readonly string[] => {
  const hash = hashOf(snapshot)
  if (hash === undefined || hash !== policy_hash)
    return ['the policy in audit.jsonl is not the one that the manifest names']
  const message = policyText({ ...snapshot, hash })
  return [
    ...(snapshot.owner === owner ? [] : ["the policy is not that of the session's owner"]),
    ...(verifyTronMessage({ address: owner, message, signature })
      ? []
      : ["the policy is not signed by the session's owner"]),
    ...unnamed(participants, [snapshot.owner, ...snapshot.participants], 'a participant'),
    ...unnamed(observers, snapshot.observers, 'an observer'),
  ]
}

/** The line on the policy: its owner signed it, and it names all who were let in. `body`: not to be believed. */
export const checkPolicy = (manifest: Manifest, body: unknown): readonly Check[] => {
  if (manifest.policy_hash === null)
    return body === undefined ? [] : listFaults('policy', ['audit.jsonl holds a policy, and the manifest names none'])
  if (body === undefined) return []
  checker ??= TypeCompiler.Compile(PolicySet)
  const faults = checker.Check(body) ? findFaults(manifest, body) : ['the policy in audit.jsonl is none']
  if (faults.length > 0) return listFaults('policy', faults)
  const people = manifest.participants.length + manifest.observers.length
  return [{ check: 'policy', ok: true, detail: `signed by the owner; it names all who were let in (${people})` }]
}
