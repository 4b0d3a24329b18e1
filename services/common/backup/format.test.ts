import { describe, expect, test } from 'bun:test'
import { identitiesIn, isRecipient, payloadSize, seal, unseal } from './age.ts'
import { chunkNamer, keyName } from './chunk-id.ts'
import { chooseSnapshot, chunkIdOf, chunkPath, snapshotFileOf, snapshotName, timeOf } from './format.ts'
import { backupOrder, restoreOrder } from './job.ts'
import { type Manifest, manifestText, readManifest } from './manifest.ts'
import { fromNameJson, nameJson, shownPath, staysBelow } from './path-bytes.ts'
import { selectKept } from './prune.ts'
import { indexText, readIndex } from './snapshot-index.ts'

/** Made by age-keygen, for tests alone. */
const identity = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU'

test('a chunk is named by HMAC-SHA256: RFC 4231, test case 2', async () => {
  const name = await chunkNamer(new TextEncoder().encode('Jefe'))
  expect(await name(new TextEncoder().encode('what do ya want for nothing?'))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
  expect(keyName(new Uint8Array(32))).toMatch(/^[0-9a-f]{16}$/)
})

test('names of files say what they are, and nothing else is one', () => {
  const id = 'ab'.repeat(32)
  expect(chunkPath(id)).toBe(`chunks/ab/${id}.age`)
  expect([chunkIdOf(`${id}.age`), chunkIdOf(`${id}.age.part`), chunkIdOf('x.age')]).toEqual([id, undefined, undefined])
  const name = snapshotName(Date.UTC(2026, 10, 25, 20, 29, 21, 7), new Uint8Array([1, 2, 3, 4]))
  expect(name).toBe('20261125T202921007Z-01020304')
  expect(timeOf(name)).toBe(Date.UTC(2026, 10, 25, 20, 29, 21, 7))
  expect(snapshotFileOf(`${name}.index`)).toEqual({ name, kind: 'index' })
  expect(snapshotFileOf(`${name}.age.part`)).toBeUndefined()
})

test('a snapshot is chosen by name, by its beginning, or as the newest', () => {
  const names = ['20260102T000000000Z-bb000000', '20260101T000000000Z-aa000000']
  expect(chooseSnapshot(names, 'newest')).toBe(names[0] ?? '')
  expect(chooseSnapshot(names, '20260101')).toBe(names[1] ?? '')
  expect(() => chooseSnapshot(names, '2026')).toThrow('begins the names of')
  expect(() => chooseSnapshot(names, 'x')).toThrow('no snapshot x; there are')
  expect(() => chooseSnapshot([], 'newest')).toThrow('bun run backup makes one')
})

describe('age files', () => {
  test('have the size that the format says, and open again, whatever the length', async () => {
    const { identityToRecipient } = await import('age-encryption')
    const recipient = await identityToRecipient(identity)
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
      const plain = random(Math.min(length, 65_536))
      const bytes = new Uint8Array(length)
      bytes.set(plain)
      const parts = await seal(bytes, [recipient], random)
      const [header = new Uint8Array(), nonce, ...payload] = parts
      expect(new TextDecoder().decode(header)).toMatch(/^age-encryption.org\/v1\n-> X25519 /)
      expect(nonce?.length).toBe(16)
      expect(payload.reduce((sum, part) => sum + part.length, 0)).toBe(payloadSize(length))
      const file = new Uint8Array(Buffer.concat(parts))
      expect(await unseal(file, [identity])).toEqual(bytes)
      await expect(unseal(file.slice(0, -1), [identity])).rejects.toThrow(/not those that were written|cut off/)
    }
  })

  test('keys are what they look like', () => {
    expect(isRecipient(`age1${'q'.repeat(58)}`)).toBe(false)
    expect(isRecipient('age1pq1x')).toBe(false)
    expect(identitiesIn(`# a comment\n${identity}\n`)).toEqual([identity])
    expect(() => identitiesIn('# nothing')).toThrow('no age identity')
  })
})

test('names that are no text survive, and nothing leaves its place', () => {
  for (const path of ['plain', 'caf\xc3\xa9', '\xff\xfe', 'new\nline', '"'])
    expect(fromNameJson(JSON.parse(JSON.stringify(nameJson(path))))).toBe(path)
  expect(nameJson('caf\xc3\xa9')).toBe('café')
  expect(shownPath('\xff\n')).toBe('ÿ\\n')
  expect(['a/b', '..', 'a/../b', '/a', 'a//b', '', 'a\0'].map(staysBelow)).toEqual([true, ...Array(6).fill(false)])
})

describe('a manifest', () => {
  const meta = { mode: 0o755, uid: 0, gid: 0, mtime: '1700000000000000000' }
  const good: Manifest = {
    header: {
      v: 1,
      name: 'n',
      at: 1,
      host: 'h',
      tag: null,
      chunk_key: '00'.repeat(32),
      units: ['volumes/a'],
      entries: 3,
    },
    entries: [
      { ...meta, type: 'folder', path: 'volumes/a' },
      { ...meta, type: 'file', path: 'volumes/a/f', size: 3, sha256: '11'.repeat(32), pieces: [['', 0, 3]] },
      { ...meta, type: 'link', path: 'volumes/a/g', target: 'volumes/a/f' },
    ],
  }

  test('is read as it was written', () => {
    expect(readManifest(manifestText(good))).toEqual(good)
  })

  const [folder, file, link] = good.entries
  const hostile: Readonly<Record<string, readonly unknown[]>> = {
    'leaves its place': [folder, { ...file, path: 'volumes/a/../../etc/passwd' }, link],
    'in no unit': [folder, { ...file, path: 'etc/passwd' }, link],
    'stands twice': [folder, file, file],
    'in no folder': [folder, file, { ...file, path: 'volumes/a/f/x' }],
    'names no file': [folder, file, { ...link, target: 'volumes/b/f' }],
    'is no entry': [folder, { ...file, size: 4 }, link],
    'entries of 3': [folder, file],
  }
  for (const [words, entries] of Object.entries(hostile))
    test(`that ${words} is refused`, () => {
      const text = [JSON.stringify(good.header), ...entries.map((one) => JSON.stringify(one))].join('\n')
      expect(() => readManifest(text)).toThrow(words)
    })
})

test('an index that was torn or changed is none', () => {
  const index = {
    v: 1,
    name: 'n',
    at: 1,
    tag: null,
    key: 'k',
    units: [],
    files: 0,
    bytes: 0,
    new_bytes: 0,
    chunks: ['c'],
  } as const
  expect(readIndex(indexText(index))).toEqual(index)
  expect(readIndex(indexText(index).replace('"c"', '"d"'))).toBeUndefined()
  expect(readIndex(indexText(index).slice(0, 20))).toBeUndefined()
})

test('the newest of so many days, weeks and months are selectKept, tagged ones, and the newest of all', () => {
  const day = (month: number, date: number, hour = 0) => ({
    name: `${month}-${date}-${hour}`,
    at: Date.UTC(2026, month - 1, date, hour),
    tag: null,
  })
  const all = [day(1, 5), day(2, 3), day(3, 1), day(3, 2), day(3, 3, 1), day(3, 3, 2)]
  const keep = { last: 1, daily: 2, weekly: 2, monthly: 3 }
  expect([...selectKept(all, keep)].sort()).toEqual(['1-5-0', '2-3-0', '3-1-0', '3-2-0', '3-3-2'])
  const none = { last: 0, daily: 0, weekly: 0, monthly: 0 }
  expect([...selectKept(all, none, ['3-3-2'])]).toEqual(['3-3-2'])
  expect([...selectKept([...all, { ...day(1, 1), tag: 'before-r' }], none)].sort()).toEqual(['1-1-0', '3-3-2'])
})

test('an order without a recipient or with a bad one is refused, and so is an identity that is none', () => {
  expect(() => backupOrder('{"host":"h"}')).toThrow('there is no recipient')
  expect(() => backupOrder('{"host":"h","recipients":["age1x"]}')).toThrow('a recipient that is none')
  expect(() => restoreOrder('{"snapshot":"newest","identity":"x"}')).toThrow('no age identity')
  expect(() => restoreOrder('nonsense')).toThrow('one line on standard input')
})
