import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unseal } from './age.ts'
import { bench } from './fixture.ts'
import { manifestText, readManifest } from './manifest.ts'

/** The real age and zstd, as an operator would use them with nothing of ours at hand. */
const programs = ['age', 'age-keygen', 'zstd', 'sh'].filter((name) => Bun.which(name) === null)
if (programs.length > 0) console.log(`NOT RUN: ${programs.join(', ')} not installed: apt-get install age zstd`)

const run = (argv: readonly string[], stdin?: Uint8Array) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], stdin === undefined ? {} : { stdin })
  return { code: exitCode, out: new Uint8Array(stdout), err: stderr.toString() }
}

describe.skipIf(programs.length > 0)('with age and zstd alone', () => {
  test('every file of a repository opens, and a file is put together from its pieces', async () => {
    using place = await bench()
    const key = join(place.folder, 'key')
    expect(run(['age-keygen', '-o', key]).code).toBe(0)
    const recipient = readFileSync(key, 'utf8').match(/public key: (\S+)/)?.[1] ?? ''
    mkdirSync(join(place.source, 'volumes', 'a'))
    const content = crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(70)
    writeFileSync(join(place.source, 'volumes', 'a', 'big'), content)
    writeFileSync(join(place.source, 'volumes', 'a', 'small'), 'small')
    const { name } = await place.backup({ recipients: [place.recipient, recipient] })
    const repository = join(place.folder, 'repository')
    const open = (path: string): Uint8Array => {
      const opened = run(['sh', '-c', 'age -d -i "$1" "$2" | zstd -q -d', 'sh', key, join(repository, path)])
      expect(opened).toMatchObject({ code: 0, err: '' })
      return opened.out
    }
    const text = new TextDecoder().decode(open(`snapshots/${name}.age`))
    const manifest = readManifest(text)
    expect(manifestText(manifest)).toBe(text)
    for (const entry of manifest.entries) {
      if (entry.type !== 'file') continue
      const pieces = entry.pieces.map(([id, offset, length]) =>
        open(`chunks/${id.slice(0, 2)}/${id}.age`).subarray(offset, offset + length),
      )
      const hash = new Bun.CryptoHasher('sha256').update(Buffer.concat(pieces)).digest('hex')
      expect([entry.path, hash]).toEqual([entry.path, entry.sha256])
    }
    expect(manifest.entries.filter(({ type }) => type === 'file').length).toBe(2)
  })

  test('what age wrote is read, and what is for others is not', async () => {
    using place = await bench()
    const plain = new Uint8Array(Buffer.from('x'.repeat(70_000)))
    const { out } = run(['age', '-r', place.recipient], plain)
    expect(await unseal(out, [place.identity])).toEqual(plain)
    const key = join(place.folder, 'other')
    run(['age-keygen', '-o', key])
    mkdirSync(join(place.source, 'volumes', 'a'))
    writeFileSync(join(place.source, 'volumes', 'a', 'f'), 'x')
    const { name } = await place.backup()
    const opened = run(['age', '-d', '-i', key, join(place.folder, 'repository', 'snapshots', `${name}.age`)])
    expect(opened.code).not.toBe(0)
    expect(opened.err).toContain('no identity matched')
  })
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && Bun.which('mount') !== null
if (!canMount) console.log('NOT RUN: a full disk needs Linux and root (repository on a full tmpfs)')

test.skipIf(!canMount)('on a full tmpfs the backup says so, and the one before is whole', async () => {
  using place = await bench()
  const repository = join(place.folder, 'repository')
  mkdirSync(repository)
  expect(run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', repository]).code).toBe(0)
  try {
    mkdirSync(join(place.source, 'volumes', 'a'))
    const path = join(place.source, 'volumes', 'a', 'f')
    writeFileSync(path, 'small')
    const first = await place.backup()
    const random = Buffer.concat(Array.from({ length: 160 }, () => crypto.getRandomValues(new Uint8Array(65_536))))
    writeFileSync(path, random)
    chmodSync(path, 0o600)
    await expect(place.backup()).rejects.toThrow('the repository is full')
    expect((await place.restore({ snapshot: first.name })).ok).toBe(true)
    expect(place.repository().names()).toEqual([first.name])
    expect(statfsSync(repository).bfree).toBeGreaterThan(0)
  } finally {
    run(['umount', repository])
  }
})
