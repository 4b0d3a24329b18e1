import { describe, expect, test } from 'bun:test'
import { type Finding, type JobRecord, next, view } from './job.ts'

const content = {
  manifest_hash: 'aa'.repeat(32),
  started_at: 1_700_000_000_000,
  owner: 'bb'.repeat(20),
  merkle_root: 'cc'.repeat(32),
  chunk_count: 3,
}
const id = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
const place = { tx_hash: 'dd'.repeat(32), block_number: 9, block_hash: 'ee'.repeat(32) }
const elsewhere = { ...place, block_number: 10, block_hash: 'ab'.repeat(32) }
const bytes = { nonce: 4, raw: '02', tx_hash: 'ff'.repeat(32) }

const queued: JobRecord = { id, state: 'queued', queued_at: 1, attempts: 0, ...content }
const submitted: JobRecord = { ...queued, state: 'submitted', ...bytes }
const anchored: JobRecord = { ...submitted, state: 'anchored', ...place }
const reverted: JobRecord = { ...submitted, state: 'refused', error: { code: 'reverted', detail: 'why' } }
const differs: JobRecord = {
  ...submitted,
  state: 'refused',
  error: {
    code: 'anchored-differently',
    detail: 'the chain holds another manifest for this session; it is never overwritten',
  },
}

const findings: Readonly<Record<string, Finding>> = {
  signed: { type: 'signed', ...bytes },
  sent: { type: 'sent' },
  same: { type: 'registered', content, place },
  other: { type: 'registered', content: { ...content, chunk_count: 4 }, place },
  reverted: { type: 'reverted', detail: 'why' },
  displaced: { type: 'displaced' },
  asked: { type: 'asked' },
  lost: { type: 'lost' },
  elsewhere: { type: 'registered', content, place: elsewhere },
}

/** Every state with every finding; what is not named here leaves the job as it is. */
const table: readonly [state: string, JobRecord, Readonly<Record<string, JobRecord>>][] = [
  [
    'queued',
    queued,
    {
      signed: submitted,
      same: { ...queued, ...place, state: 'anchored' },
      elsewhere: { ...queued, ...elsewhere, state: 'anchored' },
      other: { ...queued, state: 'refused', ...(differs.error ? { error: differs.error } : {}) },
    },
  ],
  [
    'submitted',
    submitted,
    {
      sent: { ...submitted, attempts: 1 },
      same: anchored,
      elsewhere: { ...anchored, ...elsewhere },
      other: differs,
      reverted,
      displaced: queued,
    },
  ],
  ['anchored', anchored, { lost: { ...queued, lost: true }, elsewhere: { ...anchored, ...elsewhere } }],
  [
    'queued as lost',
    { ...queued, lost: true },
    {
      signed: { ...submitted, lost: true },
      same: { ...queued, ...place, state: 'anchored' },
      elsewhere: { ...queued, ...elsewhere, state: 'anchored' },
      other: { ...queued, state: 'refused', ...(differs.error ? { error: differs.error } : {}) },
    },
  ],
  ['refused as reverted', reverted, { asked: queued }],
  ['refused as anchored differently', differs, {}],
]

describe.each(table)('a job that is %s', (_name, job, moves) => {
  test.each(Object.keys(findings))('and the finding %s', (name) => {
    const finding = findings[name]
    if (!finding) throw new Error('no finding')
    const after = next(job, finding)
    expect(after).toEqual(moves[name] ?? job)
    expect(after === job).toBe(moves[name] === undefined)
  })
})

test('a caller sees neither the signed bytes nor the nonce', () => {
  expect(view(anchored)).toEqual({
    session_id: id,
    state: 'anchored',
    attempts: 0,
    tx_hash: place.tx_hash,
    block: { number: 9, hash: place.block_hash },
  })
  expect(view(queued)).toEqual({ session_id: id, state: 'queued', attempts: 0 })
  expect(view(reverted)).toMatchObject({ state: 'refused', error: { code: 'reverted', detail: 'why' } })
})
