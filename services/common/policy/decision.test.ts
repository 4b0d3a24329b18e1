import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Action, decide, type PolicyRequest, type RuleName, type Situation } from './decision.ts'
import { approver, guest, NOW, owner, samplePolicy, situation, stranger, viewer } from './fixture.ts'
import type { PolicySnapshot } from './snapshot.ts'

const policy = samplePolicy({
  channels: {
    input: { to_session: 'allowed' },
    clipboard: { to_session: 'on_request', max_bytes: 1000 },
    files: { from_session: 'allowed' },
  },
})
const paste: Action = { person: guest, channel: 'clipboard', direction: 'to_session', bytes: 10 }
const type: Action = { person: guest, channel: 'input', direction: 'to_session', bytes: 0 }
const grant: PolicyRequest = {
  ...paste,
  id: 'r',
  bytes: 100,
  reason: 'a password',
  state: 'approved',
  asked_at: NOW - 10,
  expires_at: NOW + 1,
  decided_by: approver,
  decided_at: NOW - 5,
}
const granted = situation(policy, { requests: [grant] })

describe('a session decides', () => {
  const cases: readonly (readonly [RuleName, 'allowed' | 'blocked', Situation, Action])[] = [
    ['no-policy', 'blocked', situation(undefined), type],
    ['not-recorded', 'blocked', situation(policy, { isRecorded: false }), type],
    ['not-in-force', 'blocked', situation(policy, { now: policy.valid_until }), type],
    ['observer', 'blocked', situation(policy), { ...type, person: viewer }],
    ['not-admitted', 'blocked', situation(policy), { ...type, person: stranger }],
    ['not-admitted', 'blocked', situation(policy, { participants: [] }), { ...type, person: owner }],
    ['suspended', 'blocked', situation(policy, { isSuspended: true }), type],
    ['denied', 'blocked', situation(policy), { ...paste, direction: 'from_session' }],
    ['denied', 'blocked', situation(policy), { ...type, direction: 'from_session' }],
    ['over-cap', 'blocked', situation(policy), { ...paste, bytes: 1001 }],
    ['over-cap', 'blocked', granted, { ...paste, bytes: 1001 }],
    ['allowed', 'allowed', situation(policy), type],
    ['allowed', 'allowed', situation(policy), { ...type, person: owner }],
    [
      'allowed',
      'allowed',
      situation(policy),
      { person: guest, channel: 'files', direction: 'from_session', bytes: 25_000_000 },
    ],
    ['not-granted', 'blocked', situation(policy), paste],
    ['granted', 'allowed', granted, { ...paste, bytes: 100 }],
    ['over-grant', 'blocked', granted, { ...paste, bytes: 101 }],
    ['grant-expired', 'blocked', { ...granted, now: NOW + 1 }, paste],
    ['not-granted', 'blocked', granted, { ...paste, person: owner }],
    ['not-granted', 'blocked', { ...granted, requests: [{ ...grant, channel: 'files' }] }, paste],
    ['not-granted', 'blocked', { ...granted, requests: [{ ...grant, direction: 'from_session' }] }, paste],
    ['not-granted', 'blocked', { ...granted, requests: [{ ...grant, state: 'refused' }] }, paste],
    ['not-granted', 'blocked', { ...granted, requests: [{ ...grant, state: 'pending' }] }, paste],
  ]
  test.each(cases)('%s: %s', (rule, outcome, where, action) => {
    expect(decide(where, action)).toEqual({ outcome, rule, says: expect.stringMatching(/^[a-z].{10,}$/) })
  })

  const strict = situation({ ...policy, on_violation: 'void' })
  test.each([
    ['what is denied voids it', strict, { ...type, direction: 'from_session' }, 'void'],
    ['what is too large voids it', strict, { ...paste, bytes: 1001 }, 'void'],
    ['what could be asked for is blocked', strict, paste, 'blocked'],
    ['a stranger voids nothing', strict, { ...paste, person: stranger, bytes: 1001 }, 'blocked'],
    ['an observer voids nothing', strict, { ...paste, person: viewer, bytes: 1001 }, 'blocked'],
  ] as const)('where violations void: %s', (_, where, action, outcome) => {
    expect(decide(where, action).outcome).toBe(outcome)
  })
})

const people = [owner, guest, viewer, approver, stranger]
const access = fc.constantFrom('denied', 'on_request', 'allowed')
const anyPolicy = fc
  .record({
    input: fc.record({ to_session: access }),
    clipboard: fc.record({ to_session: access, from_session: access, max_bytes: fc.integer({ min: 1, max: 200 }) }),
    files: fc.record({ to_session: access, from_session: access, max_bytes: fc.integer({ min: 1, max: 200 }) }),
    audio: fc.record({ to_session: access, from_session: access }),
    printing: fc.record({ from_session: access, max_bytes: fc.integer({ min: 1, max: 200 }) }),
  })
  .chain((channels) =>
    fc
      .constantFrom('block', 'void')
      .map((on_violation): PolicySnapshot => ({ ...policy, on_violation, channels }) as PolicySnapshot),
  )
const anyAction: fc.Arbitrary<Action> = fc.record({
  person: fc.constantFrom(...people),
  channel: fc.constantFrom('input', 'clipboard', 'files', 'audio', 'printing'),
  direction: fc.constantFrom('to_session', 'from_session'),
  bytes: fc.nat({ max: 300 }),
})
const anyRequest: fc.Arbitrary<PolicyRequest> = fc.record({
  person: fc.constantFrom(...people),
  channel: fc.constantFrom('input', 'clipboard', 'files', 'audio', 'printing'),
  direction: fc.constantFrom('to_session', 'from_session'),
  bytes: fc.nat({ max: 300 }),
  id: fc.constant('r'),
  reason: fc.constant(''),
  state: fc.constantFrom('pending', 'approved', 'refused'),
  asked_at: fc.constant(NOW),
  expires_at: fc.integer({ min: NOW - 2, max: NOW + 2 }),
})
const anySituation: fc.Arbitrary<Situation> = fc.record({
  policy: fc.option(anyPolicy, { nil: undefined, freq: 8 }),
  isRecorded: fc.boolean(),
  isSuspended: fc.boolean(),
  participants: fc.subarray(people),
  observers: fc.subarray(people),
  requests: fc.array(anyRequest, { maxLength: 12 }),
  now: fc.constantFrom(NOW, policy.valid_until - 1, policy.valid_until),
})

const accessOf = ({ channels }: PolicySnapshot, { channel, direction }: Action): unknown =>
  (channels[channel] as Readonly<Record<string, unknown>>)[direction]

describe('whatever the policy, the people and the requests', () => {
  test('only that is allowed which the policy allows to one who was let in, or somebody approved in time', () => {
    let allowed = 0
    fc.assert(
      fc.property(anySituation, anyAction, (where, action) => {
        const { outcome } = decide(where, action)
        if (outcome !== 'allowed') return
        allowed += 1
        const { policy: own, now, participants, observers, isRecorded, isSuspended, requests } = where
        if (own === undefined) throw new Error('allowed without a policy')
        expect([isRecorded, isSuspended, now < own.valid_until]).toEqual([true, false, true])
        expect(participants.includes(action.person) && !observers.includes(action.person)).toBe(true)
        const { max_bytes = 300 } = own.channels[action.channel] as { readonly max_bytes?: number }
        expect(action.bytes <= max_bytes).toBe(true)
        const isApproved = requests.some(
          (one) =>
            one.state === 'approved' &&
            one.person === action.person &&
            one.channel === action.channel &&
            one.direction === action.direction &&
            one.bytes >= action.bytes &&
            one.expires_at > now,
        )
        expect(accessOf(own, action) === 'allowed' || (accessOf(own, action) === 'on_request' && isApproved)).toBe(true)
      }),
      { numRuns: 5000 },
    )
    expect(allowed).toBeGreaterThan(0)
  })

  test('only a participant voids a session, and only one whose owner wanted it', () => {
    let voided = 0
    fc.assert(
      fc.property(anySituation, anyAction, (where, action) => {
        if (decide(where, action).outcome !== 'void') return
        voided += 1
        expect(where.policy?.on_violation).toBe('void')
        expect(where.participants.includes(action.person)).toBe(true)
      }),
      { numRuns: 5000 },
    )
    expect(voided).toBeGreaterThan(0)
  })

  test('a larger item is never allowed where a smaller one is not', () => {
    fc.assert(
      fc.property(anySituation, anyAction, fc.nat({ max: 300 }), (where, action, less) => {
        const smaller = { ...action, bytes: Math.min(less, action.bytes) }
        if (decide(where, action).outcome === 'allowed') expect(decide(where, smaller).outcome).toBe('allowed')
      }),
      { numRuns: 2000 },
    )
  })
})
