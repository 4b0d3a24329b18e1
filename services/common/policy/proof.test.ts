import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Manifest } from '../evidence/manifest.ts'
import { checkPolicy } from '../evidence/policy-proof.ts'
import { guest, owner, samplePolicy, signPolicy, stranger, viewer } from './fixture.ts'
import type { SignedPolicy } from './signature.ts'
import { policyBytes, policyHash } from './snapshot.ts'

const signed = signPolicy(samplePolicy())
const bodyOf = (policy: SignedPolicy) => ({ hash: policyHash(policyBytes(policy.snapshot)), ...policy })
const body = bodyOf(signed)
const manifest = {
  owner,
  participants: [owner, guest],
  observers: [viewer],
  policy_hash: body.hash,
} as unknown as Manifest // of a manifest only who and which policy matter here
const detailsOf = (of: Partial<Manifest>, what: unknown) =>
  checkPolicy({ ...manifest, ...of }, what).map(({ detail }) => detail)

test('a policy is proven with everybody who was let in', () => {
  expect(checkPolicy(manifest, body)).toEqual([
    { check: 'policy', ok: true, detail: 'signed by the owner; it names all who were let in (3)' },
  ])
  expect(checkPolicy(manifest, undefined)).toEqual([])
  expect(checkPolicy({ ...manifest, policy_hash: null }, undefined)).toEqual([])
})

const otherOwner = bodyOf(signPolicy({ ...signed.snapshot, owner: stranger }))
const wider = { ...body, snapshot: { ...signed.snapshot, participants: [guest, stranger] } }
test.each([
  ['none', {}, { snapshot: {} }, 'the policy in audit.jsonl is none'],
  ['another', {}, wider, 'the policy in audit.jsonl is not the one that the manifest names'],
  [
    'one without a canonical form',
    {},
    { ...body, snapshot: { ...signed.snapshot, extra: '\ud800' } },
    'the policy in audit.jsonl is not the one that the manifest names',
  ],
  ['one where none was', { policy_hash: null }, body, 'audit.jsonl holds a policy, and the manifest names none'],
  ['unsigned', {}, { ...body, signature: `0x${'11'.repeat(65)}` }, "the policy is not signed by the session's owner"],
  [
    "somebody else's",
    { policy_hash: otherOwner.hash, participants: [] },
    otherOwner,
    "the policy is not that of the session's owner",
  ],
  [
    'one that does not name a participant',
    { participants: [viewer] },
    body,
    `${viewer} was let in as a participant, and the policy does not name them so`,
  ],
  [
    'one that does not name an observer',
    { observers: [guest] },
    body,
    `${guest} was let in as an observer, and the policy does not name them so`,
  ],
])('a policy that is %s is named', (_, of, what, detail) => {
  expect(detailsOf(of, what)[0]).toBe(detail)
})

test('whatever stands in the place of a policy is judged, and never thrown at', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('hash', 'signature', 'snapshot'), (value, field) => {
      for (const what of [value, { ...body, [field]: value }])
        if (JSON.stringify(what) !== JSON.stringify(body))
          for (const { ok } of checkPolicy(manifest, what)) expect(ok === false || field === 'hash').toBe(true)
    }),
  )
})
