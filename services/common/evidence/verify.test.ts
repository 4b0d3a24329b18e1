import { expect, test } from 'bun:test'
import { aeadEngine } from '#common/engines/aead'
import { blake3 } from '#common/engines/blake3'
import { decompress } from '#common/engines/zstd'
import { Fault, isFault } from '../process/fault.ts'
import { concat, utf8 } from '../stream/bytes.ts'
import { flipIn } from '../testing/faults.ts'
import { sampleAnchor, sampleLedgerKey } from '../testing/sample-anchor.ts'
import { derived, findBytes, noise, sampleBundle, sampleSession } from '../testing/sample-session.ts'
import { ANCHOR_NAME, chunkName, KEYS_NAME, MANIFEST_NAME } from './bundle.ts'
import { canonicalBytes } from './canonical-json.ts'
import { type Check, concludeChecks } from './check.ts'
import type { Sink } from './file-edge.ts'
import { manifestHash } from './manifest.ts'
import { bytesReader } from './reader.ts'
import { signManifest } from './signature.ts'
import { encodeBundleEntry } from './tar.ts'
import vectors from './vectors/bundle.json'
import { verifyBundle } from './verify.ts'

const aead = await aeadEngine()
const trust = sampleLedgerKey()
const sample = await sampleSession(concat(noise(2048, 1), utf8('a line of text that repeats\n'.repeat(60))))
const anchor = await sampleAnchor(sample)
const bundle = await sampleBundle(sample, { anchor, keys: true })

const memorySink = () => {
  const parts: Uint8Array[] = []
  const calls: string[] = []
  const sink: Sink = {
    write: async (bytes) => void parts.push(Uint8Array.from(bytes)),
    commit: async () => void calls.push('commit'),
    abort: async () => void calls.push('abort'),
  }
  return { sink, calls, content: () => concat(...parts) }
}

const verify = async (
  bytes: Uint8Array,
  options: { readonly trust?: string; readonly decryptTo?: Sink } = { trust },
) => {
  const checks: Check[] = await Array.fromAsync(verifyBundle({ reader: bytesReader(bytes), aead, ...options }))
  const wrong = checks.filter((check) => check.ok !== true).map(({ check, detail }) => `${check}: ${detail}`)
  return { checks, wrong, verdict: concludeChecks(checks) }
}

test('a sound bundle gives one line a check, all ok, and verdict 0', async () => {
  const { checks, verdict } = await verify(bundle)
  expect(checks.map(({ check, ok }) => [check, ok])).toEqual([
    ['structure', true],
    ['manifest', true],
    ['signature', true],
    ['chunks', true],
    ['anchor', true],
    ['times', true],
    ['gaps', true],
    ['keys', true],
  ])
  expect(verdict).toBe(0)
})

test('the recorded bundle verifies and decrypts to the recorded content', async () => {
  const bytes = await decompress(Uint8Array.fromBase64(vectors.zstd_base64), 1_000_000)
  expect(new Bun.CryptoHasher('sha256').update(bytes).digest('hex')).toBe(vectors.sha256)
  const { sink, calls, content } = memorySink()
  const { verdict } = await verify(bytes, { trust: vectors.ledger_public_key, decryptTo: sink })
  expect(verdict).toBe(0)
  expect(calls).toEqual(['commit'])
  expect(blake3(content()).toHex()).toBe(vectors.plain_blake3)
})

test('without a trusted key the anchor is self-asserted, with another one it is refused', async () => {
  const unknown = await verify(bundle, {})
  expect(unknown.verdict).toBe(2)
  expect(unknown.wrong[0]).toStartWith('anchor: self-asserted: block 300')
  const other = await verify(bundle, { trust: sampleLedgerKey(8) })
  expect(other.verdict).toBe(1)
  expect(other.wrong[0]).toStartWith('anchor: anchor not trusted: block 300')
})

test('a session whose anchor is pending is intact, not anchored', async () => {
  const { verdict, wrong } = await verify(await sampleBundle(sample))
  expect(verdict).toBe(2)
  expect(wrong).toEqual(['anchor: not anchored: its registration on the chain is pending'])
})

test('the anchor of another session is a mismatch', async () => {
  const other = await sampleSession(noise(100, 9), { seed: 9, session: '0f0e0d0c-0b0a-4908-8706-050403020100' })
  const { verdict, wrong } = await verify(await sampleBundle(sample, { anchor: await sampleAnchor(other) }))
  expect(verdict).toBe(1)
  expect(wrong).toEqual([
    'anchor: anchor mismatch: the chain holds another sessionId, manifestHash, merkleRoot, chunkCount than the manifest',
  ])
})

test('the content is decrypted to the byte, and only committed at the end', async () => {
  const { sink, calls, content } = memorySink()
  const { checks, verdict } = await verify(bundle, { trust, decryptTo: sink })
  expect(verdict).toBe(0)
  expect(checks.at(-1)).toEqual({ check: 'decrypt', ok: true, detail: `${sample.plain.length} bytes written` })
  expect(calls).toEqual(['commit'])
  expect(content().toHex()).toBe(sample.plain.toHex())
})

test('nothing is committed when anything is wrong', async () => {
  const altered = bundle.slice()
  const at = findBytes(bundle, sample.files[1] ?? new Uint8Array(1)) + 500
  altered[at] = (altered[at] ?? 0) ^ 1
  for (const bytes of [altered, bundle.slice(0, -1), new Uint8Array(), bundle.subarray(0, 3000)]) {
    const { sink, calls } = memorySink()
    expect((await verify(bytes, { trust, decryptTo: sink })).verdict).toBe(1)
    expect(calls).toEqual(['abort'])
  }
})

test('a reader that stops half-way leaves an aborted sink', async () => {
  const { sink, calls } = memorySink()
  for await (const _ of verifyBundle({ reader: bytesReader(bundle), aead, decryptTo: sink })) break
  expect(calls).toEqual(['abort'])
})

test('a session key that does not fit is named without --decrypt', async () => {
  const other = { ...sample, sessionKey: derived(2, 'session key') }
  const { verdict, wrong } = await verify(await sampleBundle(other, { anchor, keys: true }))
  expect(verdict).toBe(1)
  expect(wrong[0]).toStartWith('keys: the session key does not fit')
})

test('a session that ended abnormally verifies with its gap and without a last flag', async () => {
  const gaps = [{ at: 3, from: 1_760_000_050_000, to: 1_760_000_060_000, reason: 'the recorder died' }]
  const cut = await sampleSession(noise(3000, 4), { gaps })
  expect(cut.files[2]?.[5]).toBe(0)
  expect((await verify(await sampleBundle(cut, { anchor: await sampleAnchor(cut), keys: true }))).verdict).toBe(3)
  const flagged = cut.files.map((file, i) => (i === 2 ? file.map((byte, at) => (at === 5 ? 0x80 : byte)) : file))
  const { wrong } = await verify(await sampleBundle({ ...cut, files: flagged }, { anchor: await sampleAnchor(cut) }))
  expect(wrong[0]).toBe('chunks: chunk 2 altered in its header (flags)')
})

test('a damaged entry header is stepped over, and the chunk behind it still judged', async () => {
  const at = findBytes(bundle, utf8(chunkName(1)))
  const { wrong } = await verify(flipIn(bundle, 8 * at + 3))
  expect(wrong).toEqual([`structure: the entry header at byte ${at} is not canonical ustar`])
})

test('trailing bytes, dirty padding, foreign entries and a wrong order are faults of structure', async () => {
  const lines = async (bytes: Uint8Array) => (await verify(bytes)).wrong
  expect(await lines(concat(bundle, new Uint8Array(512)))).toContain(
    'structure: 512 bytes follow the end of the archive',
  )
  expect(
    (
      await lines(concat(bundle.subarray(0, -1024), encodeBundleEntry('notes.txt', utf8('hi')), new Uint8Array(1024)))
    )[0],
  ).toBe('structure: entry 8 is notes.txt, and no further entry belongs there')
  const padding = findBytes(bundle, utf8('"v":1}')) + 6
  expect(await lines(flipIn(bundle, 8 * padding))).toEqual(['structure: the padding behind manifest.json is not zero'])
  const keys = encodeBundleEntry(KEYS_NAME, canonicalBytes({ session_key: sample.sessionKey.toHex() }))
  expect((await lines(concat(keys, await sampleBundle(sample, { anchor }))))[0]).toBe(
    'structure: entry 0 is keys.json, where manifest.json belongs',
  )
})

test('without a manifest the order of entries is not said to be right', async () => {
  const { checks } = await verify(new Uint8Array(1024))
  expect(checks.map(({ ok, detail }) => [ok, detail])).toEqual([
    [true, 'canonical ustar, 0 entries, their order not judged'],
    [false, 'manifest.json missing; without it nothing else can be judged'],
  ])
})

test('chunks that changed only their names are told', async () => {
  const size = sample.files[0]?.length ?? 0
  const heads = [chunkName(0), chunkName(1)].map((name) =>
    encodeBundleEntry(name, new Uint8Array(size)).subarray(0, 512),
  )
  const places = heads.map((head) => findBytes(bundle, head))
  const renamed = Uint8Array.from(bundle)
  renamed.set(heads[1] ?? [], places[0])
  renamed.set(heads[0] ?? [], places[1])
  const { wrong } = await verify(renamed)
  expect(wrong).toEqual([
    `structure: entry 3 is ${chunkName(1)}, where ${chunkName(0)} belongs`,
    `chunks: chunk 0 is stored under the name ${chunkName(1)}`,
    `chunks: chunk 1 is stored under the name ${chunkName(0)}`,
  ])
})

test('a manifest that contradicts itself is told even when it is well signed', async () => {
  const bytes = canonicalBytes({ ...sample.manifest, total_plain: 5 })
  const signature = signManifest(manifestHash(bytes), derived(1, 'signing seed'))
  const { wrong, verdict } = await verify(await sampleBundle({ ...sample, bytes, signature }))
  expect(verdict).toBe(1)
  expect(wrong[0]).toBe('manifest: total_plain is not the sum of plain')
})

test('a good signature by another key than the manifest names is refused', async () => {
  const signature = signManifest(sample.hash, derived(5, 'signing seed'))
  const { wrong, verdict } = await verify(await sampleBundle({ ...sample, signature }, { anchor }))
  expect(verdict).toBe(1)
  expect(wrong).toEqual(['signature: bad signature: it is by another key than the session_public_key of the manifest'])
})

test('a row of a well-signed manifest that fits no chunk is told', async () => {
  const resign = async (change: { readonly sha256?: string; readonly plain?: number }) => {
    const chunks = sample.manifest.chunks.map((chunk) => (chunk.i === 1 ? { ...chunk, ...change } : chunk))
    const bytes = canonicalBytes({ ...sample.manifest, chunks })
    const signature = signManifest(manifestHash(bytes), derived(1, 'signing seed'))
    return (await verify(await sampleBundle({ ...sample, bytes, signature }))).wrong
  }
  expect(await resign({ sha256: '00'.repeat(32) })).toContain('chunks: chunk 1: the manifest states another sha256')
  expect(
    (await resign({ plain: 5 })).some((line) =>
      line.startsWith('chunks: chunk 1: its row in the manifest fits no chunk'),
    ),
  ).toBe(true)
})

test('an unreadable manifest ends the judgement with its reason', async () => {
  const at = findBytes(bundle, utf8('"v":1}'))
  const { checks } = await verify(flipIn(bundle, 8 * (at + 1)))
  expect(checks.at(-1)?.ok).toBe(false)
  expect(checks.at(-1)?.detail).toEndWith('; without it nothing else can be judged')
  expect(findBytes(bundle, utf8(ANCHOR_NAME))).toBeGreaterThan(findBytes(bundle, utf8(MANIFEST_NAME)))
})

test('a reader fault is thrown, not told as evidence', async () => {
  const sound = bytesReader(bundle)
  const first = findBytes(bundle, sample.files[0] ?? new Uint8Array(1))
  const read = async (at: number, length: number) => {
    if (at === first) throw new Fault('unavailable', 'bundle-unreadable', 'the disk failed')
    return sound.read(at, length)
  }
  const reader = { size: sound.size, read }
  const thrown = await Array.fromAsync(verifyBundle({ reader, aead })).catch((error: unknown) => error)
  expect(isFault(thrown, 'bundle-unreadable')).toBe(true)
})

test('progress ends at the whole', async () => {
  const seen: [number, number][] = []
  const onProgress = (done: number, total: number) => void seen.push([done, total])
  await Array.fromAsync(verifyBundle({ reader: bytesReader(bundle), aead, onProgress }))
  const total = sample.files.reduce((sum, file) => sum + file.length, 0)
  expect(seen.at(-1)).toEqual([total, total])
  expect(seen).toHaveLength(sample.files.length)
})
