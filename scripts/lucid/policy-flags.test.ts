import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { policyBytes, readPolicy } from '#common/policy/snapshot'
import { channels, type PolicyFlags, parseChannel, policyFromFlags } from './policy-flags.ts'

const owner = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
const other = 'TG3XXyExBkPp9nzdajDZsozEu4BkaSJozs'
const fixed = { owner, nonce: '00'.repeat(32), now: 1_700_000_000_000 }
const none: PolicyFlags = {
  allow: [],
  'on-request': [],
  participant: [],
  observer: [],
  approver: [],
  'max-clipboard': undefined,
  'max-file': undefined,
  void: false,
  days: undefined,
}

describe('the policy of flags', () => {
  test('denies everything where nothing is said', () => {
    const { channels: each, ...rest } = policyFromFlags(none, fixed)
    expect(
      Object.values(each).flatMap(({ max_bytes: _, ...ways }: Record<string, unknown>) => Object.values(ways)),
    ).toEqual(Array.from({ length: 8 }, () => 'denied'))
    expect(rest).toMatchObject({ approvers: [owner], on_violation: 'block', valid_until: fixed.now + 86_400_000 })
  })

  test('says of each channel and each way what was said of it; what is allowed needs no request', () => {
    const policy = policyFromFlags(
      {
        ...none,
        allow: ['input', 'files:out'],
        'on-request': ['clipboard', 'files'],
        approver: [other, owner],
        participant: [other],
        'max-clipboard': '100',
        void: true,
        days: '7',
      },
      fixed,
    )
    expect(policy.channels).toMatchObject({
      input: { to_session: 'allowed' },
      clipboard: { to_session: 'on_request', from_session: 'on_request', max_bytes: 100 },
      files: { to_session: 'on_request', from_session: 'allowed', max_bytes: 25_000_000 },
      audio: { to_session: 'denied', from_session: 'denied' },
    })
    expect(policy).toMatchObject({ approvers: [owner, other], participants: [other], on_violation: 'void' })
    expect(readPolicy(policyBytes(policy))).toEqual(policy)
  })

  test.each([
    [{ allow: ['clipbord'] }, "'clipbord' is no channel: use input, clipboard, files, audio, printing"],
    [{ allow: ['input:out'] }, "'input:out' is no channel"],
    [{ allow: ['constructor'] }, "'constructor' is no channel"],
    [{ 'max-clipboard': '65537' }, '--max-clipboard takes a whole number from 1 to 65536'],
    [{ days: '0' }, '--days takes a whole number from 1 to 30'],
    [{ days: '31' }, '--days takes a whole number from 1 to 30'],
  ])('%j is refused', (wrong, says) => {
    expect(() => policyFromFlags({ ...none, ...wrong }, fixed)).toThrow(says)
  })

  test('whatever a channel is called, it is one of the five or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(...channels)), (given) => {
        try {
          expect(channels).toContain(parseChannel(given).name)
        } catch (error) {
          expect(String(error)).toContain('is no channel')
        }
      }),
    )
  })
})
