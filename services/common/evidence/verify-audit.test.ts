import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { aeadEngine } from '#common/engines/aead'
import { concat, utf8 } from '../stream/bytes.ts'
import { caseCount } from '../testing/extent.ts'
import { flipIn } from '../testing/faults.ts'
import { sampleAnchor, sampleLedgerKey } from '../testing/sample-anchor.ts'
import { auditSample, chainEntries } from '../testing/sample-audit.ts'
import { findBytes, noise, resignSample, sampleBundle, sampleSession } from '../testing/sample-session.ts'
import type { AuditEntry, AuditEvent } from './audit-event.ts'
import { collectAudit, encodeAudit } from './audit-lines.ts'
import { canonicalBytes } from './canonical-json.ts'
import { bytesReader } from './reader.ts'
import { judgeBundle } from './verify.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000

const aead = await aeadEngine()
const trust = sampleLedgerKey()
const PERSON = 'TLyqzVGLV1srkB7dToTAEqgDSfPtXRJZYH'
const plain = await sampleSession(noise(3000, 1), {
  gaps: [{ at: 1, from: 1_760_000_000_100, to: 1_760_000_000_200, reason: 'the source paused' }],
})
const people = resignSample(plain, { participants: [PERSON] })
const refused = { type: 'action-decided', body: { channel: 'clipboard', outcome: 'refused', rule: 'default' } } as const
const between: readonly AuditEntry[] = [{ type: 'active', body: {} }, refused]
const honest = auditSample(people, { between })
const SEALED = honest.events.length

const judge = async (audit: Uint8Array | undefined, sample = honest.sample) => {
  const anchor = await sampleAnchor(sample)
  const bytes = await sampleBundle(sample, { anchor, ...(audit && { audit }) })
  const { verdict, checks, statement } = await judgeBundle({ reader: bytesReader(bytes), aead, trust })
  const lines = checks.filter(({ check }) => check === 'audit' || check === 'policy')
  const wrong = checks.flatMap(({ check, ok, detail }) => (ok === false ? [`${check}: ${detail}`] : []))
  return { verdict, wrong, lines: lines.map(({ detail }) => detail), not: statement?.not_checked ?? [] }
}
const withhold = ({ body: _body, salt: _salt, ...event }: AuditEvent): AuditEvent => event
const events = (change: (events: readonly AuditEvent[]) => readonly AuditEvent[]) =>
  judge(encodeAudit(change(honest.events)))

describe('the events of a session in its bundle', () => {
  test('are proven, and what they stand for is no label any more', async () => {
    const { verdict, wrong, lines, not } = await judge(encodeAudit(honest.events))
    // 3, for the recording states a gap.
    expect({ verdict, wrong, lines }).toEqual({ verdict: 3, wrong: [], lines: [`${SEALED} events proven, 0 withheld`] })
    expect(not.filter((what) => what.includes('audit'))).toEqual([])
  })

  test('are not asked for: a bundle without them verifies as before', async () => {
    const { verdict, lines, not } = await judge(undefined)
    expect({ verdict, lines }).toEqual({ verdict: 3, lines: [] })
    expect(not.at(-1)).toBe('audit_root: what they stand for is not in the bundle')
  })

  test('are missed where the session had a policy: without them the bundle is not complete', async () => {
    const sample = resignSample(people, { policy_hash: 'ab'.repeat(32), gaps: [] })
    const { verdict, wrong, lines, not } = await judge(undefined, sample)
    expect({ verdict, wrong }).toEqual({ verdict: 3, wrong: [] })
    expect(lines).toEqual([expect.stringContaining('the session had a policy, and audit.jsonl')])
    expect(not.at(-1)).toBe('audit_root, policy_hash: what they stand for is not in the bundle')
    expect((await judge(undefined, resignSample(people, { gaps: [] }))).verdict).toBe(0)
  })

  test('may be withheld one by one, or all', async () => {
    const one = await events((all) => all.map((event, n) => (n === 3 ? withhold(event) : event)))
    expect(one).toMatchObject({ verdict: 3, wrong: [], lines: [`${SEALED} events proven, 1 withheld`] })
    expect(one.not.at(-1)).toBe('what 1 events of audit.jsonl say: it is withheld')
    const all = await events((list) => list.map(withhold))
    expect(all).toMatchObject({ verdict: 3, wrong: [], lines: [`${SEALED} events proven, ${SEALED} withheld`] })
  })

  const line = (n: number) => `audit: line ${n} of audit.jsonl`
  test.each([
    [
      'an end that was cut off',
      (all) => all.slice(0, -1),
      `audit: audit.jsonl is cut off or another one: it ends at event ${SEALED - 2} (gap), which is not the end that audit_root names`,
    ],
    [
      'nothing at all',
      () => [],
      'audit: audit.jsonl is cut off or another one: it is empty, which is not the end that audit_root names',
    ],
    [
      'a body that was edited',
      (all) => all.map((e, n) => (n === 3 ? { ...e, body: { ...refused.body, outcome: 'allowed' } } : e)),
      `${line(4)}: event 3 (action-decided): its body was altered`,
    ],
    [
      'a time that was edited',
      (all) => all.map((e, n) => (n === 3 ? { ...e, at: 5 } : e)),
      `${line(4)}: event 3 (action-decided) was altered`,
    ],
    [
      'two events in another order',
      (all) => [...all.slice(0, 2), all[3] as AuditEvent, all[2] as AuditEvent, ...all.slice(4)],
      `${line(3)}: event 3 stands where event 2 belongs`,
    ],
    ['an event that was left out', (all) => all.toSpliced(2, 1), `${line(3)}: event 3 stands where event 2 belongs`],
    [
      'an event behind the end',
      (all) => [...all, ...chainEntries(honest.sample.session, [refused])],
      `${line(SEALED + 1)} stands behind the event that seals the session`,
    ],
    [
      'the chain of another session',
      (all) =>
        chainEntries(
          '0f0e0d0c-0b0a-4908-8706-050403020100',
          all.map((e) => ({ ...e, body: e.body ?? {} })),
        ),
      `${line(1)}: event 0 (created) was altered`,
    ],
  ] as readonly (readonly [string, (all: readonly AuditEvent[]) => readonly AuditEvent[], string])[])(
    'name %s',
    async (_, change, says) => {
      expect(await events(change)).toMatchObject({ verdict: 1, wrong: [says] })
    },
  )

  test('name a line that is none, and one without end', async () => {
    const bytes = encodeAudit(honest.events)
    const unknown = concat(canonicalBytes({ ...honest.events[0], type: 'other' }), utf8('\n'))
    expect((await judge(unknown)).wrong[0]).toStartWith(`${line(1)}: event /type`)
    expect((await judge(bytes.slice(0, -1))).wrong).toEqual([`${line(SEALED)}: it has no end`])
    expect((await judge(concat(bytes, utf8('\n')))).wrong).toEqual([`${line(SEALED + 1)}: event is not JSON in UTF-8`])
    expect((await judge(concat(utf8(' '), bytes))).wrong[0]).toStartWith(line(1))
  })

  test.each([
    ['owner, key or start', 'created', { owner: PERSON }],
    ['participants', 'participant-admitted', { address: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8' }],
    ['end', 'recording-ended', { ended_at: 5 }],
    ['gaps', 'gap', { at: 0 }],
    ['chunks', 'sealed', { merkle_root: '00'.repeat(32) }],
    ['the times of chunks', 'chunk-times', { from: 2 }],
  ] as const)('are held against the manifest: %s', async (what, type, body) => {
    const change = (entries: readonly AuditEntry[]) =>
      entries.map((entry) => (entry.type === type ? { ...entry, body: { ...entry.body, ...body } } : entry))
    const lying = auditSample(people, { change })
    expect((await judge(encodeAudit(lying.events), lying.sample)).wrong).toEqual([
      `audit: audit.jsonl and the manifest differ in ${what}`,
    ])
    const without = auditSample(people, { change: (all) => all.filter((entry) => entry.type !== type) })
    expect((await judge(encodeAudit(without.events), without.sample)).wrong).toEqual([
      `audit: audit.jsonl and the manifest differ in ${what}`,
    ])
  })

  test('hold no policy that the manifest does not name, and one where it does', async () => {
    const policy = { type: 'policy-set', body: { hash: 'ab'.repeat(32) } } as const
    const lying = auditSample(people, { between: [policy] })
    expect((await judge(encodeAudit(lying.events), lying.sample)).wrong).toEqual([
      'audit: audit.jsonl and the manifest differ in policy',
    ])
    const named = auditSample(resignSample(people, { policy_hash: 'ab'.repeat(32) }))
    expect((await judge(encodeAudit(named.events), named.sample)).wrong).toEqual([
      'audit: audit.jsonl and the manifest differ in policy',
    ])
  })

  test(
    'any changed bit of them is caught',
    async () => {
      const anchor = await sampleAnchor(honest.sample)
      const audit = encodeAudit(honest.events)
      const bundle = await sampleBundle(honest.sample, { anchor, audit })
      const at = findBytes(bundle, audit)
      await fc.assert(
        fc.asyncProperty(fc.nat(8 * audit.length - 1), async (bit) => {
          const bytes = flipIn(bundle, 8 * at + bit)
          expect((await judgeBundle({ reader: bytesReader(bytes), aead, trust })).verdict).toBe(1)
        }),
        { numRuns: caseCount(60) },
      )
    },
    HANG,
  )
})

describe('audit.jsonl of a session', () => {
  const after = (all: readonly AuditEvent[]) => async (seq: number | undefined) =>
    all.slice((seq ?? -1) + 1, (seq ?? -1) + 4)

  test('is collected page by page up to the event that seals it', async () => {
    const anchored = { ...(honest.events[0] as AuditEvent), seq: SEALED, type: 'anchored' as const }
    expect(await collectAudit(after([...honest.events, anchored]))).toEqual(encodeAudit(honest.events))
  })

  test('leaves out what events of the withheld types say, and is proven all the same', async () => {
    const bytes = await collectAudit(after(honest.events), ['action-decided', 'created'])
    const hides = ({ type }: AuditEvent) => ['action-decided', 'created'].includes(type)
    expect(bytes).toEqual(encodeAudit(honest.events.map((event) => (hides(event) ? withhold(event) : event))))
    expect((await judge(bytes)).lines).toEqual([`${SEALED} events proven, 2 withheld`])
  })

  test('is not made of a chain without bodies, nor of one that was never sealed', async () => {
    expect(await collectAudit(async () => [{ seq: 0, event: 'created' }])).toBeUndefined()
    expect(await collectAudit(after(honest.events.slice(0, -1)))).toBeUndefined()
  })
})
