import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity } from 'age-encryption'
import fc from 'fast-check'
import { derivePublicKey } from '../evidence/signature.ts'
import { type Bench, bench } from './fixture.ts'
import { openRepository } from './repository.ts'
import { restore } from './restore.ts'
import { RESTORE_FILE, type RestoreMark, verifyMark } from './restore-mark.ts'
import { folderTarget } from './target.ts'
import { picture, plant, plantedTrees } from './tree.fixture.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const volume = ({ source }: Bench, name = 'a'): string => {
  const path = join(source, 'volumes', name)
  mkdirSync(path, { recursive: true })
  return path
}

const chunkFiles = ({ folder }: Bench): readonly string[] =>
  readdirSync(join(folder, 'repository', 'chunks'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.age'))
    .map((name) => join(folder, 'repository', 'chunks', name))

/** Old enough that what a file looks like can be trusted. */
const LATER = 10_000

test.skipIf(process.getuid?.() !== 0)('what is restored is what was backed up, whatever the tree', async () => {
  await fc.assert(
    fc.asyncProperty(plantedTrees, plantedTrees, async (first, second) => {
      using place = await bench()
      plant(volume(place), first)
      plant(volume(place, 'b'), second)
      await place.backup()
      // With the cache of the first, and everything in the repository already.
      plant(volume(place), second)
      const report = await place.backup({}, { now: () => Date.now() + LATER })
      const restored = await place.restore()
      expect(restored).toMatchObject({ ok: true, faults: [], complaints: [], warnings: [] })
      expect(restored.files).toBe(report.files)
      expect(picture(join(restored.into, 'volumes', 'a'))).toEqual(picture(volume(place)))
      expect(picture(join(restored.into, 'volumes', 'b'))).toEqual(picture(volume(place, 'b')))
    }),
    { numRuns: 12 },
  )
})

test('an unchanged tree is not read again, and nothing is stored again', async () => {
  using place = await bench()
  writeFileSync(join(volume(place), 'big'), crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(80))
  writeFileSync(join(volume(place), 'small'), 'text')
  const later = { now: () => Date.now() + LATER }
  expect(await place.backup({}, later)).toMatchObject({ read_bytes: 10_485_764, files: 2, new_chunks: 3 })
  expect(await place.backup({}, later)).toMatchObject({ read_bytes: 0, new_chunks: 0, new_bytes: 0 })
  rmSync(join(place.folder, 'cache'), { recursive: true })
  expect(await place.backup({}, later)).toMatchObject({ read_bytes: 10_485_764, new_chunks: 0 })
})

test('one piece of a big file that changes is one new chunk', async () => {
  using place = await bench()
  const path = join(volume(place), 'big')
  writeFileSync(path, crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(80))
  await place.backup()
  const bytes = readFileSync(path)
  bytes[5_000_000] = 0
  writeFileSync(path, bytes)
  expect(await place.backup()).toMatchObject({ new_chunks: 1 })
})

test('a file that looks the same but changed within the last seconds is read again', async () => {
  using place = await bench()
  const path = join(volume(place), 'file')
  writeFileSync(path, 'one')
  const { mtime } = statSync(path)
  await place.backup()
  writeFileSync(path, 'two')
  utimesSync(path, mtime, mtime)
  await place.backup()
  const { into } = await place.restore()
  expect(readFileSync(join(into, 'volumes/a/file'), 'utf8')).toBe('two')
})

test('the snapshot is the state of the freeze: what changed before is in it, what went is not', async () => {
  using place = await bench()
  const at = volume(place)
  for (const name of ['grows', 'goes', 'moves', 'stays']) writeFileSync(join(at, name), name)
  const report = await place.backup(
    {},
    {
      freeze: async () => {
        appendFileSync(join(at, 'grows'), ' more')
        rmSync(join(at, 'goes'))
        renameSync(join(at, 'moves'), join(at, 'moved'))
        writeFileSync(join(at, 'comes'), 'new')
      },
    },
  )
  expect(report.files).toBe(4)
  const { into } = await place.restore()
  expect(picture(join(into, 'volumes', 'a'))).toEqual(picture(at))
})

test('a sparse file takes no room, in the repository or restored', async () => {
  using place = await bench()
  const path = join(volume(place), 'sparse')
  writeFileSync(path, '')
  truncateSync(path, 50 * 1024 * 1024)
  expect(await place.backup()).toMatchObject({ bytes: 52_428_800, new_chunks: 0 })
  const { into } = await place.restore()
  const restored = statSync(join(into, 'volumes/a/sparse'))
  expect(restored.size).toBe(52_428_800)
  expect(restored.blocks).toBeLessThan(200)
})

describe('what is wrong with a repository is named', () => {
  const planted = async () => {
    const place = await bench()
    const at = volume(place)
    for (const name of ['one', 'two'])
      writeFileSync(join(at, name), crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(16))
    await place.backup()
    return place
  }
  const idOf = (file: string) => file.slice(-68, -4)

  test('a chunk that was changed, cut off or dropped', async () => {
    using place = await planted()
    const [file = ''] = chunkFiles(place)
    const bytes = readFileSync(file)
    const broken: readonly (readonly [string, Buffer | undefined, RegExp])[] = [
      ['last byte', Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]), /bytes/],
      ['header', Buffer.concat([Buffer.from('age-encryption.org/v2'), bytes.subarray(21)]), /header/],
      ['cut', bytes.subarray(0, -100), /bytes/],
      ['cut at a piece', bytes.subarray(0, bytes.length - (bytes.length % 65_552)), /bytes|cut/],
      ['empty', Buffer.alloc(0), /age/],
      ['dropped', undefined, /not there/],
    ]
    for (const [, content, problem] of broken) {
      if (content === undefined) rmSync(file)
      else writeFileSync(file, content)
      const report = await place.restore()
      expect(report.ok).toBe(false)
      expect(report.faults).toEqual([
        { chunk: idOf(file), problem: expect.stringMatching(problem), files: [expect.stringMatching(/volumes\/a\//)] },
      ])
    }
  })

  test('two chunks that were swapped', async () => {
    using place = await planted()
    const [one = '', two = ''] = chunkFiles(place)
    renameSync(one, `${one}.x`)
    renameSync(two, one)
    renameSync(`${one}.x`, two)
    const { faults } = await place.restore()
    expect(faults.map(({ chunk, problem }) => [chunk, problem]).sort()).toEqual(
      [idOf(one), idOf(two)].sort().map((id) => [id, 'it holds the bytes of another chunk']),
    )
  })

  test('a snapshot of another name, and an index that lacks a chunk', async () => {
    using place = await planted()
    await place.backup()
    const repository = join(place.folder, 'repository')
    const [older = '', newer = ''] = place.repository().names()
    cpSync(join(repository, 'snapshots', `${older}.age`), join(repository, 'snapshots', `${newer}.age`))
    await expect(place.restore()).rejects.toThrow(`snapshot ${newer} holds ${older}`)
    writeFileSync(join(repository, 'snapshots', `${older}.index`), 'torn')
    expect((await place.restore({ snapshot: older })).warnings.join()).toContain('has no whole index')
  })

  test('another identity opens nothing', async () => {
    using place = await planted()
    await expect(place.restore({ identities: [await generateX25519Identity()] })).rejects.toThrow(
      'encrypted to others than this identity',
    )
  })
})

describe('what is there', () => {
  test('is not touched unless told so, comes back when the restore fails, and goes when it does not', async () => {
    using place = await bench()
    writeFileSync(join(volume(place), 'file'), 'backed up')
    await place.backup()
    const { folderTarget } = await import('./target.ts')
    const { restore } = await import('./restore.ts')
    const into = join(place.folder, 'host')
    mkdirSync(join(into, 'volumes', 'a', 'deep'), { recursive: true })
    writeFileSync(join(into, 'volumes', 'a', 'deep', 'old'), 'old')
    const job = { identities: [place.identity], snapshot: 'newest', units: [] }
    const parts = () => ({ repository: place.repository(), target: folderTarget(into) })
    await expect(restore({ ...job, replace: false }, parts())).rejects.toThrow('volumes/a is not empty')
    const [chunk = ''] = chunkFiles(place)
    const bytes = readFileSync(chunk)
    rmSync(chunk)
    expect((await restore({ ...job, replace: true }, parts())).ok).toBe(false)
    expect(readdirSync(join(into, 'volumes', 'a'))).toEqual(['deep'])
    expect(readFileSync(join(into, 'volumes', 'a', 'deep', 'old'), 'utf8')).toBe('old')
    writeFileSync(chunk, bytes)
    expect((await restore({ ...job, replace: true }, parts())).ok).toBe(true)
    expect(picture(join(into, 'volumes', 'a'))).toEqual(picture(volume(place)))
  })

  test('is put back by the next restore when one was cut between the two', async () => {
    using place = await bench()
    writeFileSync(join(volume(place), 'file'), 'backed up')
    const { folderTarget } = await import('./target.ts')
    const target = folderTarget(place.source)
    target.setAside('volumes/a')
    writeFileSync(join(volume(place), 'half'), 'half restored')
    target.setAside('volumes/a')
    target.putBack('volumes/a')
    expect(readdirSync(volume(place))).toEqual(['file'])
  })
})

describe('pruning', () => {
  test('never takes a chunk that a kept snapshot needs, and takes all others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ files: fc.array(fc.nat(5), { maxLength: 4 }), tagged: fc.boolean() }), {
          minLength: 2,
          maxLength: 5,
        }),
        async (rounds) => {
          using place = await bench()
          const at = volume(place)
          const names: string[] = []
          for (const [i, { files, tagged }] of rounds.entries()) {
            rmSync(at, { recursive: true })
            mkdirSync(at)
            for (const n of files) writeFileSync(join(at, `${n}`), `${n}`.repeat(1_100_000))
            const { name } = await place.backup(
              { keep: { last: 2, daily: 0, weekly: 0, monthly: 0 }, tag: tagged ? 'before-r' : null },
              { now: () => Date.UTC(2026, 0, 1 + i) },
            )
            names.push(name)
          }
          const kept = place.repository().names()
          expect(kept).toEqual(names.filter((_, i) => i >= names.length - 2 || rounds[i]?.tagged))
          for (const snapshot of kept) expect((await place.restore({ snapshot })).ok).toBe(true)
          const needed = new Set(kept.flatMap((name) => place.repository().index(name)?.chunks ?? []))
          expect(new Set(place.repository().ids())).toEqual(needed)
        },
      ),
      { numRuns: 6 },
    )
  })

  test('takes no chunk while a snapshot has no whole index, and says so', async () => {
    using place = await bench()
    const at = volume(place)
    for (const [i, text] of ['one', 'two', 'three'].entries()) {
      writeFileSync(join(at, 'file'), text)
      const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 }
      const { pruned, name } = await place.backup({ keep }, { now: () => Date.UTC(2026, 0, 1 + i) })
      if (i === 0) rmSync(join(place.folder, 'repository', 'snapshots', `${name}.index`))
      else expect(pruned).toMatchObject({ chunks: 0, without_index: [expect.any(String)] })
    }
    const [first = ''] = place.repository().names()
    expect((await place.restore({ snapshot: first })).ok).toBe(true)
  })
})

test('a full repository is said, and what was in it is whole', async () => {
  using place = await bench()
  writeFileSync(join(volume(place), 'file'), 'small')
  const first = await place.backup()
  writeFileSync(join(volume(place), 'big'), crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(40))
  const repository = openRepository(join(place.folder, 'repository'), {
    onWrite: (what) => {
      if (what.startsWith('sync chunks/') && what.endsWith('.age'))
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    },
  })
  await expect(place.backup({}, { repository })).rejects.toThrow('the repository is full')
  expect((await place.restore({ snapshot: first.name })).ok).toBe(true)
  expect(chunkFiles(place).filter((name) => name.endsWith('.part'))).toEqual([])
  expect((await place.backup()).files).toBe(2)
})

describe('what was destroyed for good', () => {
  const erase = (place: Bench, session: string) => {
    const folder = join(volume(place), 'session-encryptor', 'erased')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, session), '')
  }
  const erased = (root: string) => {
    const folder = join(root, 'volumes', 'a', 'session-encryptor', 'erased')
    return existsSync(folder) ? readdirSync(folder).toSorted() : []
  }
  const withOld = async () => {
    const place = await bench()
    mkdirSync(join(volume(place), 'session-encryptor'))
    writeFileSync(join(volume(place), 'session-encryptor', 'store'), 'a key')
    const { name } = await place.backup()
    return { place, name }
  }

  test('is known in an older snapshot by what the newest one says', async () => {
    const { place, name } = await withOld()
    using _ = place
    erase(place, 'one')
    await place.backup({}, { now: () => Date.now() + LATER })
    const restored = await place.restore({ snapshot: name })
    expect([restored.ok, restored.erasures, erased(restored.into)]).toEqual([true, 1, ['one']])
    expect(await place.restore()).toMatchObject({ ok: true, erasures: 0 })
  })

  test('is known by what stood in its place, once, and not when nothing is restored', async () => {
    const { place, name } = await withOld()
    using _ = place
    erase(place, 'one')
    const { units } = await place.restore({ snapshot: name })
    const job = {
      identities: [place.identity],
      snapshot: name,
      units: units.filter((unit) => unit.startsWith('volumes/')),
      replace: true,
    }
    const parts = { repository: place.repository(), target: folderTarget(place.source) }
    expect(await restore(job, parts)).toMatchObject({ ok: true, erasures: 1 })
    expect(erased(place.source)).toEqual(['one'])
    expect(await restore(job, parts)).toMatchObject({ ok: true, erasures: 1 })
    expect(erased(place.source)).toEqual(['one'])
  })
})

describe('services whose data came from a backup', () => {
  const markOf = (root: string, service: string) => {
    const path = join(root, 'volumes', 'a', service, RESTORE_FILE)
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RestoreMark) : undefined
  }
  const SEED = new Uint8Array(32).fill(9)
  const operator = derivePublicKey(SEED).toHex()
  const TELLING = {
    services: ['authentication', 'merkle-builder'],
    seed: (): Uint8Array | undefined => SEED,
    now: () => Date.UTC(2030, 0, 1),
  }
  const restoreFrom = async (place: Bench, telling = TELLING) => {
    const into = mkdtempSync(join(place.folder, 'told-'))
    const job = { identities: [place.identity], snapshot: 'newest', units: [], replace: false }
    const report = await restore(job, { repository: place.repository(), target: folderTarget(into), telling })
    return { ...report, into }
  }

  test('are told which one, by a word of the operator that is good for no other service and no other time', async () => {
    using place = await bench()
    for (const name of ['authentication', 'journal']) mkdirSync(join(volume(place), name))
    symlinkSync('authentication', join(volume(place), 'merkle-builder'))
    const { name, at } = await place.backup()
    const { into, told, signed } = await restoreFrom(place)
    expect({ told, signed }).toEqual({ told: ['authentication'], signed: true })
    const mark = markOf(into, 'authentication')
    expect(mark).toEqual({ backup: name, state_of: at, restored_at: TELLING.now(), signature: expect.any(String) })
    expect(markOf(into, 'journal')).toBeUndefined()
    if (mark === undefined) return
    expect(verifyMark('authentication', mark, operator)).toBe(true)
    expect(verifyMark('merkle-builder', mark, operator)).toBe(false)
    expect(verifyMark('authentication', { ...mark, restored_at: mark.restored_at + 1 }, operator)).toBe(false)
    expect(verifyMark('authentication', mark, derivePublicKey(SEED.map((byte) => byte + 1)).toHex())).toBe(false)
  })

  test('are told also without the operator’s key, and nothing is said of a restore that failed', async () => {
    using place = await bench()
    mkdirSync(join(volume(place), 'authentication'))
    writeFileSync(join(volume(place), 'authentication', 'store'), 'a role')
    await place.backup()
    const { into, ...report } = await restoreFrom(place, { ...TELLING, seed: () => undefined })
    expect(report).toMatchObject({ ok: true, told: ['authentication'], signed: false })
    expect(markOf(into, 'authentication')).toMatchObject({ restored_at: TELLING.now() })
    for (const file of chunkFiles(place)) rmSync(file)
    const failed = await restoreFrom(place)
    expect([failed.ok, failed.told, markOf(failed.into, 'authentication')]).toEqual([false, [], undefined])
  })
})
