import { expect, test } from 'bun:test'
import { x25519 } from '@noble/curves/ed25519.js'
import { aeadEngine } from '#common/engines/aead'
import { isFault } from '../process/fault.ts'
import { flipIn } from '../testing/faults.ts'
import { sampleAnchor, sampleLedgerKey } from '../testing/sample-anchor.ts'
import { derived, noise, resignSample, type Sample, sampleBundle, sampleSession } from '../testing/sample-session.ts'
import { concludeChecks } from './check.ts'
import { chunkKey } from './chunk-key.ts'
import type { Sink } from './file-edge.ts'
import type { Keys } from './keys.ts'
import type { Gap } from './manifest.ts'
import { type SealedKeys, sealedKeys, sealToOwner } from './owner-seal.ts'
import { bytesReader } from './reader.ts'
import { sessionIdBytes } from './session-id.ts'
import { judgeBundle } from './verify.ts'

const aead = await aeadEngine()
const trust = sampleLedgerKey()
const [START, END] = [1_760_000_000_000, 1_760_000_060_000]
const sample = await sampleSession(noise(3500, 1))

type Options = {
  readonly keys?: boolean | Keys
  readonly anchored?: boolean
  readonly trust?: string | undefined
  readonly decryptTo?: Sink
  readonly txProof?: boolean
  readonly sealed?: SealedKeys
  readonly ownerKey?: Uint8Array
}

const judge = async (of: Sample, options: Options = {}) => {
  const { keys = false, anchored = true, decryptTo, txProof = true, sealed, ownerKey } = options
  const seal = sealed === undefined ? {} : { sealed }
  const anchor = anchored ? { anchor: await sampleAnchor(of, { txProof }) } : {}
  const key = 'trust' in options ? options.trust : trust
  return judgeBundle({
    reader: bytesReader(await sampleBundle(of, { ...anchor, ...seal, keys })),
    aead,
    ...(key === undefined ? {} : { trust: key }),
    ...(ownerKey === undefined ? {} : { ownerKey }),
    ...(decryptTo === undefined ? {} : { decryptTo }),
  })
}

type Judged = Awaited<ReturnType<typeof judge>>
const linesOf = ({ checks }: Judged, check: string) =>
  checks.filter((line) => line.check === check).map(({ ok, detail }) => [ok, detail])
const wrong = ({ checks }: Judged) =>
  checks.filter(({ ok }) => ok === false).map(({ check, detail }) => `${check}: ${detail}`)

const pause: Gap = { at: 2, from: START + 20_000, to: START + 30_000, reason: 'the source was silent' }
const brokenOff: Gap = { at: 4, from: START + 50_000, to: END, reason: 'the source went away' }

test('the verdict goes by what is worst: 1 before 2 before 3 before 0', () => {
  const line = (ok: false | true | 'warn' | 'incomplete' | 'skipped') => ({ check: 'gaps', ok, detail: '' }) as const
  const cases = [
    [[], 1],
    [[true], 0],
    [[true, 'skipped'], 0],
    [[true, 'incomplete'], 3],
    [['incomplete', 'warn', 'skipped'], 2],
    [['warn', 'incomplete', false], 1],
  ] as const
  for (const [oks, verdict] of cases) expect(concludeChecks(oks.map(line))).toBe(verdict)
})

test('a complete recording: 0, and all of it is stated', async () => {
  const { verdict, statement } = await judge(sample, { keys: true })
  expect(verdict).toBe(0)
  const anchor = await sampleAnchor(sample)
  expect(statement).toEqual({
    session_id: sample.session,
    owner: sample.manifest.owner,
    participants: [],
    observers: [],
    started_at: START,
    ended_at: END,
    duration: 60_000,
    has_end: true,
    gaps: [],
    missing: 0,
    bytes: 3500,
    chunks: 4,
    chunks_opened: 4,
    chain: {
      chain_id: anchor.chain_id,
      block_number: 300,
      block_hash: anchor.block.hash,
      block_time: 1_760_000_061_000,
      tx_hash: anchor.tx_hash,
      tx_proven: true,
      sealer: trust,
      trusted: true,
    },
    not_checked: [
      'the times themselves: the recorder’s word, bounded by the block',
      'recorder_version, device_fingerprint: labels of the recorder',
      'audit_root: what they stand for is not in the bundle',
    ],
  })
})

test('stated gaps: 3, each one named with its place, times and reason', async () => {
  const judged = await judge(await sampleSession(noise(3500, 1), { gaps: [pause, brokenOff] }), { keys: true })
  expect(judged.verdict).toBe(3)
  expect(linesOf(judged, 'gaps')).toEqual([
    [
      'incomplete',
      'missing before chunk 2: 10000 ms, 2025-10-09T08:53:40.000Z to 2025-10-09T08:53:50.000Z, "the source was silent"',
    ],
    [
      'incomplete',
      'no end: missing behind the last chunk: 10000 ms, 2025-10-09T08:54:10.000Z to 2025-10-09T08:54:20.000Z, "the source went away"',
    ],
  ])
  expect(judged.statement).toMatchObject({ has_end: false, missing: 20_000, gaps: [pause, brokenOff] })
})

test('a recording with a gap that nobody proves is 2, one that was altered 1', async () => {
  const gapped = await sampleSession(noise(3500, 1), { gaps: [pause] })
  expect((await judge(gapped, { trust: undefined })).verdict).toBe(2)
  expect((await judge(gapped, { anchored: false })).verdict).toBe(2)
  const altered = gapped.files.map((file, index) => (index === 1 ? flipIn(file, 8 * 500) : file))
  expect((await judge({ ...gapped, files: altered })).verdict).toBe(1)
})

test('what an honest recorder of the release before states about its end stays proven', async () => {
  // It took the commit of the last chunk for the last byte, and the end for both where the commit came later.
  for (const from of [START, START + 59_800, END]) {
    const judged = await judge(await sampleSession(noise(3500, 1), { gaps: [{ ...brokenOff, from }] }))
    expect(wrong(judged)).toEqual([])
    expect(judged.verdict).toBe(3)
  }
})

test('gaps that cannot be: 1, named, however well they are signed and anchored', async () => {
  const cases: readonly (readonly [readonly Gap[], string])[] = [
    [[{ ...pause, from: 0, to: 9_000_000_000_000 }], 'lies outside the session'],
    [[{ ...pause, to: END + 1 }], 'lies outside the session'],
    [[{ ...pause, from: START - 1 }], 'lies outside the session'],
    [[pause, { ...pause, from: START + 29_999, to: START + 31_000 }], 'gap 1 begins before gap 0 is over'],
    [
      [
        { ...pause, at: 3 },
        { ...pause, from: START + 40_000, to: END },
      ],
      'gap 1 is out of order',
    ],
    [[{ ...pause, from: START + 31_000 }], 'gap 0 ends before it starts'],
    [[pause, { ...pause, at: 5, from: END, to: END }], 'gap 1 stands behind the end'],
  ]
  for (const [gaps, sentence] of cases) {
    const judged = await judge(resignSample(sample, { gaps: [...gaps] }))
    expect(judged.verdict).toBe(1)
    expect(wrong(judged)).toEqual([expect.stringContaining(sentence)])
  }
})

test('a recording without a last chunk that states no gap at its end, and the other way round: 1', async () => {
  const cut = await sampleSession(noise(3500, 1), { gaps: [brokenOff] })
  const hidden = await judge(resignSample(cut, { gaps: [] }))
  expect([hidden.verdict, wrong(hidden)]).toEqual([1, [expect.stringContaining('chunk 3')]])
  const invented = await judge(resignSample(sample, { gaps: [brokenOff] }))
  expect([invented.verdict, wrong(invented)]).toEqual([1, [expect.stringContaining('chunk 3')]])
})

test('a session that says it was later than its block: 1, with or without a trusted key', async () => {
  const liar = resignSample(sample, { started_at: 4_000_000_000_000, ended_at: 4_100_000_000_000 })
  for (const key of [trust, undefined]) {
    const judged = await judge(liar, { trust: key })
    expect(judged.verdict).toBe(1)
    expect(wrong(judged)).toEqual([
      'times: untrue: the session says that it ended at 2099-12-03T16:53:20.000Z, its block was sealed at 2025-10-09T08:54:21.000Z; clocks may differ by 10 min',
    ])
  }
  expect((await judge(resignSample(sample, { ended_at: 1_760_000_061_000 + 600_000 }))).verdict).toBe(0)
  expect((await judge(resignSample(sample, { ended_at: 1_760_000_061_000 + 600_001 }))).verdict).toBe(1)
})

test('a session that ends before it starts, or beyond all calendars, gives a verdict', async () => {
  const backwards = await judge(resignSample(sample, { started_at: END + 1 }), { anchored: false })
  expect([backwards.verdict, wrong(backwards)[0]]).toEqual([1, expect.stringContaining('before it starts')])
  const beyond = await judge(resignSample(sample, { ended_at: Number.MAX_SAFE_INTEGER }), { anchored: false })
  expect([beyond.verdict, wrong(beyond)]).toEqual([2, []])
})

const keyedOtherwise = (...other: readonly number[]) =>
  sampleSession(noise(3500, 1), { keyFor: (index) => (other.includes(index) ? derived(9, 'session key') : undefined) })

test('with keys every chunk is opened, and each that does not open is named with its cause', async () => {
  const three = await judge(await keyedOtherwise(1, 2, 3), { keys: true })
  expect(three.verdict).toBe(1)
  expect(wrong(three)).toEqual(['keys: the session key does not open chunks 1 to 3: encrypted under another key'])
  expect(three.statement?.not_checked[0]).toBe('what is in the chunks: chunks 1 to 3 not opened')
  const none = await judge(await keyedOtherwise(0, 1, 2, 3), { keys: true })
  expect(wrong(none)).toEqual(['keys: the session key does not fit: it opens none of the chunks (tried: 4)'])
})

test('a chunk that opens and does not unpack is no wrong key', async () => {
  const garbage = await sampleSession(noise(3500, 1), {
    packedAs: (index) => (index === 2 ? noise(900, 7) : undefined),
  })
  const judged = await judge(garbage, { keys: true })
  expect(judged.verdict).toBe(1)
  expect(wrong(judged)).toEqual([expect.stringMatching(/^keys: chunk 2 opens and is not what was recorded: .*zstd/)])
  expect((await judge(garbage)).verdict).toBe(0)
})

const chunkKeysOf = (...indices: readonly number[]): Keys => ({
  chunk_keys: Object.fromEntries(
    indices.map((index) => [String(index), chunkKey(sample.sessionKey, sessionIdBytes(sample.session), index).toHex()]),
  ),
})

test('keys of some chunks open these: 3, and which were not opened is said', async () => {
  const judged = await judge(sample, { keys: chunkKeysOf(1, 2) })
  expect(judged.verdict).toBe(3)
  expect(linesOf(judged, 'keys')).toEqual([['incomplete', '2 of 4 chunks opened, not chunk 0, chunk 3']])
  expect(judged.statement).toMatchObject({ chunks: 4, chunks_opened: 2 })
  expect(judged.statement?.not_checked[0]).toBe('what is in the chunks: chunk 0, chunk 3 not opened')
  expect((await judge(sample, { keys: chunkKeysOf(0, 1, 2, 3) })).verdict).toBe(0)
})

test('a chunk key that fits another chunk, or none, is named', async () => {
  const moved: Keys = { chunk_keys: { '1': derived(5, 'key').toHex() } }
  expect(wrong(await judge(sample, { keys: moved }))[0]).toStartWith('keys: its chunk key does not fit')
  const beyond: Keys = { chunk_keys: { '7': derived(5, 'key').toHex() } }
  expect(wrong(await judge(sample, { keys: beyond }))).toEqual([
    'keys: a key for chunk 7, which the session does not have',
  ])
})

const owner = derived(3, 'owner x25519')
const sealedFor = (secret: Uint8Array, key = sample.sessionKey) =>
  sealedKeys(sealToOwner(x25519.getPublicKey(secret), key, () => derived(4, 'ephemeral')))

test('the key that is sealed to the owner opens the chunks for the owner', async () => {
  const { sink, calls } = sinkThat(undefined)
  const judged = await judge(sample, { sealed: sealedFor(owner), ownerKey: owner, decryptTo: sink })
  expect([judged.verdict, judged.undone]).toEqual([0, undefined])
  expect(judged.statement?.chunks_opened).toBe(4)
  expect(calls.at(-1)).toBe('commit')
})

test('a sealed key that nobody opens is said to be unchecked, and another owner’s key is no tampering', async () => {
  const closed = await judge(sample, { sealed: sealedFor(owner) })
  expect(closed.verdict).toBe(0)
  expect(closed.statement?.not_checked[1]).toStartWith('keys.sealed.json: ')
  const other = await judge(sample, { sealed: sealedFor(owner), ownerKey: derived(5, 'owner x25519') })
  expect(other.verdict).toBe(0)
  expect(isFault(other.undone, 'not-sealed-to-this-key')).toBe(true)
  const none = await judge(sample, { ownerKey: owner })
  expect(isFault(none.undone, 'no-keys')).toBe(true)
})

test('a sealed key that is not that of keys.json, or opens no chunk, is named', async () => {
  const foreign = sealedFor(owner, derived(9, 'session key'))
  expect(wrong(await judge(sample, { keys: true, sealed: foreign, ownerKey: owner }))).toEqual([
    'keys: keys.json holds another key than keys.sealed.json',
  ])
  expect(wrong(await judge(sample, { sealed: foreign, ownerKey: owner }))[0]).toStartWith(
    'keys: the session key does not fit',
  )
})

test('the key that is sealed to the owner is held against the chunk keys of keys.json, and opens the others', async () => {
  const key = chunkKey(sample.sessionKey, sessionIdBytes(sample.session), 1).toHex()
  const part: Keys = { chunk_keys: { '1': key } }
  const judged = await judge(sample, { keys: part, sealed: sealedFor(owner), ownerKey: owner })
  expect([judged.verdict, judged.statement?.chunks_opened]).toEqual([0, 4])
  const foreign = sealedFor(owner, derived(9, 'session key'))
  expect(wrong(await judge(sample, { keys: part, sealed: foreign, ownerKey: owner }))).toEqual([
    'keys: keys.json holds another key than keys.sealed.json',
  ])
  const beyond: Keys = { chunk_keys: { '1': key, '7': key } }
  expect(wrong(await judge(sample, { keys: beyond, sealed: sealedFor(owner), ownerKey: owner }))).toEqual([
    'keys: a key for chunk 7, which the session does not have',
  ])
})

test('without keys it is said that no chunk was opened', async () => {
  const { verdict, statement } = await judge(sample)
  expect(verdict).toBe(0)
  expect(statement?.not_checked[0]).toBe('what is in the chunks: none of the 4 was opened')
})

test('an anchor without the proof of its transaction still holds, and its tx_hash is called a label', async () => {
  const { verdict, statement } = await judge(sample, { txProof: false })
  expect(verdict).toBe(0)
  expect(statement?.chain?.tx_proven).toBe(false)
  expect(statement?.not_checked).toContain('tx_hash: a label, the anchor brings no proof of it')
})

const sinkThat = (fail: 'write' | 'commit' | undefined) => {
  const calls: string[] = []
  const act = (name: 'write' | 'commit') => async () => {
    calls.push(name)
    if (fail === name) throw new Error('ENOSPC')
  }
  const sink: Sink = { write: act('write'), commit: act('commit'), abort: async () => void calls.push('abort') }
  return { sink, calls }
}

test('plaintext that cannot be written leaves the verdict as it is', async () => {
  for (const fail of ['write', 'commit'] as const) {
    const { sink, calls } = sinkThat(fail)
    const judged = await judge(sample, { keys: true, decryptTo: sink })
    expect(judged.verdict).toBe(0)
    expect(judged.statement?.chunks_opened).toBe(4)
    expect(String(judged.undone)).toContain('ENOSPC')
    expect(calls.at(-1)).toBe('abort')
    expect(calls.filter((call) => call === 'write')).toHaveLength(fail === 'write' ? 1 : 4)
  }
})

test('plaintext for which there are no keys is not written, and that is no tampering', async () => {
  for (const keys of [false, chunkKeysOf(0)]) {
    const { sink, calls } = sinkThat(undefined)
    const judged = await judge(sample, { keys, decryptTo: sink })
    expect(judged.verdict).toBe(keys === false ? 0 : 3)
    expect(isFault(judged.undone, 'no-keys')).toBe(true)
    expect(calls.at(-1)).toBe('abort')
  }
})
