import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { faultOf } from '../testing/faults.ts'
import { checkAdmission } from './admission.ts'
import { type Action, decide, type PolicyRequest } from './decision.ts'
import { approver, guest, NOW, owner, samplePolicy, situation, stranger, viewer } from './fixture.ts'
import { answerRequest, MOST_WAITING, openRequest, REQUEST_MS } from './request.ts'

const policy = samplePolicy({ channels: { clipboard: { to_session: 'on_request', max_bytes: 1000 } } })
const paste: Action = { person: guest, channel: 'clipboard', direction: 'to_session', bytes: 10 }
const ask = { ...paste, reason: 'a password' }
const pending = openRequest(situation(policy), ask, 'r1')
const yes = { by: approver, isApproved: true }

test('what was refused, asked for and approved is allowed for five minutes', () => {
  expect(decide(situation(policy), paste)).toMatchObject({ outcome: 'blocked', rule: 'not-granted' })
  expect(pending).toEqual({ ...ask, id: 'r1', state: 'pending', asked_at: NOW, expires_at: NOW + 300_000 })
  const approved = answerRequest(pending, yes, { policy, now: NOW + 1000 })
  expect(approved).toEqual({
    ...pending,
    state: 'approved',
    decided_by: approver,
    decided_at: NOW + 1000,
    expires_at: NOW + 301_000,
  })
  const at = (now: number) => decide(situation(policy, { requests: [approved], now }), paste).rule
  expect([at(NOW + 1000), at(NOW + 300_999), at(NOW + 301_000)]).toEqual(['granted', 'granted', 'grant-expired'])
})

test('an approval ends with the policy', () => {
  const now = policy.valid_until - 1
  const late = openRequest(situation(policy, { now }), ask, 'r')
  expect(answerRequest(late, yes, { policy, now }).expires_at).toBe(policy.valid_until)
})

test('a refusal allows nothing', () => {
  const refused = answerRequest(pending, { by: approver, isApproved: false }, { policy, now: NOW })
  expect(refused).toMatchObject({ state: 'refused', decided_by: approver })
  expect(decide(situation(policy, { requests: [refused] }), paste).outcome).toBe('blocked')
})

describe('nobody asks', () => {
  const waiting = Array.from({ length: MOST_WAITING }, (_, at) => ({ ...pending, id: `r${at}` }))
  test.each([
    ['for what is denied', situation(policy), { ...ask, channel: 'files' }, 'denied'],
    ['for more than the cap', situation(policy), { ...ask, bytes: 1001 }, 'over-cap'],
    ['who only watches', situation(policy), { ...ask, person: viewer }, 'observer'],
    ['who was not let in', situation(policy), { ...ask, person: stranger }, 'not-admitted'],
    ['for nothing', situation(undefined), ask, 'no-policy'],
    ['after the end', situation(policy, { isRecorded: false }), ask, 'not-recorded'],
    ['without end', situation(policy, { requests: waiting }), ask, 'too-many-requests'],
    ['for what he has', situation(policy, { requests: [{ ...pending, state: 'approved' }] }), ask, 'already-allowed'],
  ] as const)('%s', async (_, where, what, code) => {
    expect(await faultOf(() => openRequest(where, what, 'r'))).toMatchObject({ code })
  })

  test('but whoever asked for nothing yet, however much others did', () => {
    const byOwner = { ...ask, person: owner }
    expect(openRequest(situation(policy, { requests: waiting }), byOwner, 'r').state).toBe('pending')
  })

  test('but whose requests lapsed asks again', () => {
    const now = NOW + REQUEST_MS
    expect(openRequest(situation(policy, { requests: waiting, now }), ask, 'r').state).toBe('pending')
  })
})

describe('nobody answers', () => {
  const byOwner = { ...pending, person: owner }
  test.each([
    ['whom the policy does not name', pending, stranger, NOW, 'not-an-approver'],
    ['who only takes part', pending, guest, NOW, 'not-an-approver'],
    ['a request of his own', byOwner, owner, NOW, 'own-request'],
    ['too late', pending, approver, NOW + REQUEST_MS, 'request-expired'],
    ['when the policy is over', { ...pending, expires_at: 9e15 }, approver, 9e14, 'request-expired'],
    ['twice', { ...pending, state: 'refused' }, approver, NOW, 'request-decided'],
  ] as const)('%s', async (_, request, by, now, code) => {
    for (const isApproved of [true, false])
      expect(
        await faultOf(() => answerRequest(request as PolicyRequest, { by, isApproved }, { policy, now })),
      ).toMatchObject({ code })
  })

  test('for himself, whoever the approvers are', () => {
    const people = [owner, guest, viewer, approver, stranger]
    fc.assert(
      fc.property(fc.subarray(people), fc.constantFrom(...people), (approvers, person) => {
        const own = { ...policy, approvers }
        expect(() =>
          answerRequest({ ...pending, person }, { by: person, isApproved: true }, { policy: own, now: NOW }),
        ).toThrow()
      }),
    )
  })
})

test('only those are let in whom the policy names, as what it names them, while it is in force', async () => {
  const codeOf = async (person: string, part: 'participant' | 'observer', now = NOW) => {
    const error = await faultOf(() => checkAdmission(policy, { person, part, now }))
    return (error as { readonly code?: string }).code ?? error
  }
  expect(await codeOf(owner, 'participant')).toBe('no fault')
  expect(await codeOf(guest, 'participant')).toBe('no fault')
  expect(await codeOf(viewer, 'observer')).toBe('no fault')
  expect(await codeOf(guest, 'participant', policy.valid_until)).toBe('not-in-force')
  for (const [person, part] of [
    [guest, 'observer'],
    [viewer, 'participant'],
    [approver, 'participant'],
    [stranger, 'observer'],
  ] as const)
    expect(await codeOf(person, part)).toBe('not-invited')
})
