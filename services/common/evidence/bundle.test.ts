import { expect, test } from 'bun:test'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault } from '../process/fault.ts'
import { faultOf } from '../testing/faults.ts'
import { noise, sampleBundle, sampleSession } from '../testing/sample-session.ts'
import { PENDING_ANCHOR } from './anchor.ts'
import { bundleName, bundleParts, bundleSize, type Contents, chunkIndex, chunkName, entryName } from './bundle.ts'
import { bytesReader } from './reader.ts'
import { scanBundle } from './scan.ts'

const sample = await sampleSession(noise(2500, 1))
const documents = { manifest: sample.bytes, signature: sample.signature, anchor: PENDING_ANCHOR }

/** All names of a bundle of few entries. */
const namesOf = (contents: Contents) =>
  Array.from({ length: 10 }, (_, place) => entryName(place, contents)).filter((name) => name !== undefined)

test('names of entries and their indices', () => {
  expect(bundleName('x')).toBe('session-x.lucid.tar')
  expect([0, 12, 999_999, 1_048_575].map(chunkName)).toEqual([
    'chunks/000000.lcd',
    'chunks/000012.lcd',
    'chunks/999999.lcd',
    'chunks/1048575.lcd',
  ])
  expect(
    ['chunks/000012.lcd', 'chunks/1048575.lcd', 'chunks/0000012.lcd', 'chunks/12.lcd', 'keys.json'].map(chunkIndex),
  ).toEqual([12, 1_048_575, undefined, undefined, undefined])
  expect(namesOf({ chunks: 1, keys: true })).toEqual([
    'manifest.json',
    'manifest.sig.json',
    'anchor.json',
    'chunks/000000.lcd',
    'keys.json',
  ])
})

test('a bundle has the size that was announced, its entries in order, and nothing else', async () => {
  for (const keys of [false, true]) {
    const bytes = await sampleBundle(sample, { keys })
    expect(bytes.length).toBe(
      bundleSize({ ...documents, ...(keys ? { keys: { session_key: sample.sessionKey.toHex() } } : {}) }),
    )
    const scan = await scanBundle(bytesReader(bytes))
    expect(scan.faults).toEqual([])
    expect(scan.cut).toBeUndefined()
    expect(scan.entries.map((entry) => entry.name)).toEqual(namesOf({ chunks: 3, keys }))
  }
})

test('a chunk of a wrong size stops the export before a byte of it leaves', async () => {
  const parts: Uint8Array[] = []
  const thrown = await faultOf(async () => {
    for await (const part of bundleParts(documents, async () => new Uint8Array(10))) parts.push(part)
  })
  expect(isFault(thrown, 'chunk-size')).toBe(true)
  expect(parts).toHaveLength(3)
})

test.skipIf(Bun.which('tar') === null)('any tar lists and extracts a bundle', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lucid-tar-'))
  try {
    await Bun.write(join(folder, 'b.tar'), await sampleBundle(sample, { keys: true }))
    const listed = Bun.spawnSync(['tar', '-tf', 'b.tar'], { cwd: folder })
    expect(listed.stderr.toString()).toBe('')
    expect(listed.stdout.toString().trim().split('\n')).toEqual(namesOf({ chunks: 3, keys: true }))
    expect(Bun.spawnSync(['tar', '-xf', 'b.tar'], { cwd: folder }).exitCode).toBe(0)
    expect(await readdir(join(folder, 'chunks'))).toHaveLength(3)
    expect((await readFile(join(folder, 'manifest.json'))).equals(sample.bytes)).toBe(true)
    expect((await readFile(join(folder, 'chunks/000002.lcd'))).equals(sample.files[2] ?? new Uint8Array())).toBe(true)
  } finally {
    await rm(folder, { recursive: true })
  }
})
