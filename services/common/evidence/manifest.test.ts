import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { fromHex, utf8 } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import { noise, sampleSession } from '../testing/sample-session.ts'
import { canonicalBytes } from './canonical-json.ts'
import { checkManifest, type Manifest, manifestBytes, manifestFaults, manifestHash, parseManifest } from './manifest.ts'
import { signManifest, verifyHash } from './signature.ts'
import vectors from './vectors/manifest.json'

const sample = await sampleSession(noise(3000, 1))
const { manifest } = sample

test('the recorded manifest has its canonical bytes, its hash and its signature', () => {
  const parsed = parseManifest(utf8(vectors.canonical))
  expect(new TextDecoder().decode(manifestBytes(parsed))).toBe(vectors.canonical)
  const hash = manifestHash(utf8(vectors.canonical))
  expect(hash.toHex()).toBe(vectors.manifest_hash)
  expect(signManifest(hash, fromHex(vectors.signing_seed))).toEqual({ ...vectors.signature, alg: 'Ed25519' })
  expect(verifyHash(hash, fromHex(vectors.signature.signature), fromHex(vectors.signature.public_key))).toBe(true)
})

test('a canonical manifest is read, every other spelling is a fault', async () => {
  expect(parseManifest(sample.bytes)).toEqual(manifest)
  const text = new TextDecoder().decode(sample.bytes)
  const cases: [string, string][] = [
    [` ${text}`, 'manifest-not-canonical'],
    [`${text}\n`, 'manifest-not-canonical'],
    [JSON.stringify(Object.fromEntries(Object.entries(manifest).toReversed())), 'manifest-not-canonical'],
    [text.replace('"v":1', '"v":1.0'), 'manifest-not-canonical'],
    [text.replace('"v":1', '"v":1,"v":1'), 'manifest-not-canonical'],
    [text.replace('"v":1', '"v":2'), 'manifest-schema'],
    [text.replace('"v":1', '"v":1,"w":1'), 'manifest-schema'],
    [text.replace('"policy_hash":null,', ''), 'manifest-schema'],
    [text.slice(0, -1), 'manifest-not-json'],
    [`\ufeff${text}`, 'manifest-not-json'],
    ['', 'manifest-not-json'],
  ]
  for (const [bad, code] of cases) expect(isFault(await faultOf(() => parseManifest(utf8(bad))), code)).toBe(true)
  expect(isFault(await faultOf(() => parseManifest(Uint8Array.of(0x22, 0xff, 0x22))), 'manifest-not-json')).toBe(true)
})

test('a fault of the schema keeps the capitals of its pattern', async () => {
  const text = new TextDecoder().decode(sample.bytes).replace(manifest.owner, 'nobody')
  expect(await faultOf(() => parseManifest(utf8(text)))).toMatchObject({
    message: "manifest /owner: expected string to match '^T[1-9A-HJ-NP-Za-km-z]{33}$'",
  })
})

test('a sound manifest has no faults', () => {
  expect(manifestFaults(manifest)).toEqual([])
})

const rows = (change: (chunk: Manifest['chunks'][number]) => Partial<Manifest['chunks'][number]>) => ({
  chunks: manifest.chunks.map((chunk) => ({ ...chunk, ...change(chunk) })),
})

test('every contradiction inside a manifest is named', () => {
  const cases: [Partial<Manifest>, string][] = [
    [{ chunk_count: 4 }, 'chunk_count is 4, the list holds 3'],
    [{ total_plain: 1 }, 'total_plain is not the sum of plain'],
    [{ total_cipher: 1 }, 'total_cipher is not the sum of cipher'],
    [
      { ended_at: manifest.started_at - 1 },
      'the session ends (2025-10-09T08:53:19.999Z) before it starts (2025-10-09T08:53:20.000Z)',
    ],
    [{ merkle_root: '00'.repeat(32) }, 'merkle_root is not the root over the leaves'],
    [
      { owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv9' },
      'TJRabPrwbZy45sbavfcjinPJC18kjpRTv9 is not a TRON address: its checksum is wrong',
    ],
    [rows(({ i }) => ({ i: i === 1 ? 2 : i })), 'the row of chunk 1 carries index 2'],
    [rows(({ i, cipher }) => ({ cipher: i === 0 ? cipher + 1 : cipher })), 'chunk 0: cipher is not comp + 16'],
    [rows(({ i, comp }) => ({ comp: i === 2 ? 2000 : comp })), 'chunk 2: comp is larger than plain'],
    [
      rows(({ i, plain }) => ({ plain: i === 0 ? plain - 1 : plain })),
      'chunk 0 is shorter than chunk_size and not the last',
    ],
    [{ chunk_size: 1000 }, 'chunk 0 is larger than chunk_size'],
    [{ gaps: [{ at: 4, from: 1, to: 2, reason: 'x' }] }, 'gap 0 stands behind the end'],
    [{ gaps: [{ at: 1, from: 3, to: 2, reason: 'x' }] }, 'gap 0 ends before it starts'],
    [{ gaps: [2, 1].map((at) => ({ at, from: 1, to: 2, reason: 'x' })) }, 'gap 1 is out of order'],
  ]
  for (const [change, sentence] of cases) expect(manifestFaults({ ...manifest, ...change })).toContain(sentence)
})

test('a contradicting manifest is never signed or exported', async () => {
  const bad = { ...manifest, total_plain: 1 }
  expect(isFault(await faultOf(() => checkManifest(bad)), 'manifest-inconsistent')).toBe(true)
  expect(isFault(await faultOf(() => manifestBytes(bad)), 'manifest-inconsistent')).toBe(true)
  expect(isFault(await faultOf(() => manifestBytes({ ...manifest, extra: 1 } as Manifest)), 'manifest-schema')).toBe(
    true,
  )
})

test('random JSON never gives anything but a fault', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json().map((text) => utf8(text)),
        fc.uint8Array(),
      ),
      async (bytes) => {
        expect(isFault(await faultOf(() => parseManifest(Uint8Array.from(bytes))))).toBe(true)
      },
    ),
    { numRuns: 200 },
  )
  expect(isFault(await faultOf(() => parseManifest(utf8('['.repeat(200_000)))), 'manifest-not-json')).toBe(true)
})

test('canonical JSON sorts by UTF-16 units and refuses what JSON cannot say', async () => {
  expect(new TextDecoder().decode(canonicalBytes({ b: 1e21, a: '\u20ac', '\ud83d\ude00': 0, '\ufb33': -0 }))).toBe(
    '{"a":"\u20ac","b":1e+21,"\ud83d\ude00":0,"\ufb33":0}',
  )
  for (const bad of [undefined, Number.NaN, '\ud800'])
    expect(isFault(await faultOf(() => canonicalBytes(bad)), 'not-json')).toBe(true)
})
