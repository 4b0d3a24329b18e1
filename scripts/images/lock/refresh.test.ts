import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCleartextMessage, generateKey, type PrivateKey, readKey, sign } from 'openpgp'
import { utf8 } from '#common/stream/bytes'
import { blobPath, checksum } from '../packages/cache.ts'
import type { Get } from '../packages/download.ts'
import { product } from '../sample-packages.fixture.ts'
import { archiveKeys, type ReadKeys, readArchiveKeys } from './archive-keys.ts'
import { refreshedLock } from './refresh.ts'
import { readRelease } from './release.ts'

const now = new Date()
const keyPair = async (name: string) => {
  const { privateKey, publicKey } = await generateKey({ userIDs: [{ name }], format: 'object' })
  return { privateKey, publicKey }
}
const [ours, theirs] = await Promise.all([keyPair('Archive'), keyPair('Somebody else')])
const signed = async (text: string, key: PrivateKey) =>
  String(await sign({ message: await createCleartextMessage({ text }), signingKeys: key, date: now }))

const release = 'Origin: SamplePackages\nCodename: bookworm\nDate: today\nSHA256:\n 00 1 x\n'
const read = (text: string, { suite = 'bookworm', at = now } = {}) =>
  readRelease(text, [ours.publicKey], { suite, now: at })

describe('an InRelease file', () => {
  test('that a believed key signed is read, and says whose it was', async () => {
    const { codename, signedBy } = await read(await signed(release, ours.privateKey))
    expect([codename, signedBy]).toEqual(['bookworm', [ours.publicKey.getFingerprint()]])
  })

  test('whose text was changed after the signature is refused', async () => {
    const text = (await signed(release, ours.privateKey)).replace('Date: today', 'Date: to-day')
    await expect(read(text)).rejects.toThrow('no key of scripts/images/lock/archive-keys.ts signed it')
  })

  test('that somebody else signed is refused', async () => {
    await expect(read(await signed(release, theirs.privateKey))).rejects.toThrow('no key of')
  })

  test('without a signature is refused', async () => {
    await expect(read(release)).rejects.toThrow('it is not signed')
  })

  test('of another suite is refused, as when an old release is served in the place of a new one', async () => {
    await expect(read(await signed(release, ours.privateKey), { suite: 'trixie' })).rejects.toThrow('it is of bookworm')
  })

  test('whose time is over is refused', async () => {
    const text = await signed(`${release}Valid-Until: Sat, 01 Jan 2000 00:00:00 UTC\n`, ours.privateKey)
    await expect(read(text)).rejects.toThrow('it was valid until Sat, 01 Jan 2000')
  })

  test('with words before the signed part gives only what was signed', async () => {
    const text = `Codename: evil\n\n${await signed(release, ours.privateKey)}`
    const answer = await read(text).catch((error: Error) => error.message)
    expect(typeof answer === 'string' ? answer : answer.codename).not.toBe('evil')
  })
})

test('the keys in the repository are those of the table, each for its own archive', async () => {
  const found = await Promise.all((['debian', 'debian-security'] as const).map(readArchiveKeys))
  expect(found.map((keys) => keys.map((key) => key.getFingerprint()).sort())).toEqual(
    (['debian', 'debian-security'] as const).map((archive) =>
      archiveKeys
        .filter((key) => key.archive === archive)
        .map(({ fingerprint }) => fingerprint)
        .sort(),
    ),
  )
  const names = await Promise.all(found.flat().map((key) => key.getPrimaryUser()))
  expect(names.map(({ user }) => user.userID?.userID.replace(/ <.*/, '')).sort()).toEqual(
    archiveKeys.map(({ owner }) => owner).sort(),
  )
})

const folder = mkdtempSync(join(tmpdir(), 'lucid-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const control = (name: string, version: string, depends: string) =>
  `Package: ${name}\nVersion: ${version}\nDepends: ${depends}\nFilename: pool/main/p/${name}_${version}_amd64.deb\nSize: 7\nSHA256: ${'cd'.repeat(32)}\n`
const base = ['base-files', 'ca-certificates', 'libc6', 'tzdata'].map((name) => control(name, '1', '')).join('\n')

/** An archive in memory. `tamper` changes what a mirror serves after it was signed. */
const archive = async (
  lists: Readonly<Record<string, string>>,
  tamper: (path: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes,
) => {
  const files = new Map<string, Uint8Array>()
  for (const [suite, text] of Object.entries(lists)) {
    const list = Bun.gzipSync(utf8(text))
    const sum = checksum(list).hex
    const lines = ['amd64', 'arm64'].map((arch) => ` ${sum} ${list.length} main/binary-${arch}/Packages.gz`)
    const inRelease = await signed(`Codename: ${suite}\nDate: today\nSHA256:\n${lines.join('\n')}\n`, ours.privateKey)
    files.set(`file:///planted/dists/${suite}/InRelease`, utf8(inRelease))
    for (const arch of ['amd64', 'arm64'])
      files.set(`file:///planted/dists/${suite}/main/binary-${arch}/by-hash/SHA256/${sum}`, list)
  }
  const get: Get = async (address) => {
    const bytes = files.get(address)
    return bytes && tamper(address, bytes)
  }
  return get
}

const parts = (get: Get, cache: string) => ({
  products: [product('web', { packages: ['web'] })],
  versions: { bun: '1.4.5' },
  mirrors: () => 'file:///planted/',
  readArchiveKeys: (async () => [await readKey({ armoredKey: ours.publicKey.armor() })]) satisfies ReadKeys,
  get,
  ask: async (name: string, version: string) => ({ integrity: `sha512-${name}-${version}`, tarball: '' }),
  cache: join(folder, cache),
  now,
})

const lists = {
  bookworm: `${base}\n${control('web', '1.0', 'libc6, ssl')}\n${control('ssl', '3.0', 'libc6')}`,
  'bookworm-updates': '',
  'bookworm-security': control('ssl', '3.0-1+deb12u1', 'libc6'),
}

describe('a refreshed lock', () => {
  test('pins the closure out of all suites, and says who signed them', async () => {
    const lock = await refreshedLock(parts(await archive(lists), 'good'))
    expect(Object.keys(lock.debian.arm64)).toEqual(['base-files', 'ca-certificates', 'libc6', 'tzdata', 'web', 'ssl'])
    expect(lock.debian.amd64['ssl']).toEqual({
      version: '3.0-1+deb12u1',
      archive: 'debian-security',
      path: 'pool/main/p/ssl_3.0-1+deb12u1_amd64.deb',
      size: 7,
      sha256: 'cd'.repeat(32),
      depends: ['libc6'],
    })
    expect(lock.npm).toEqual({
      '@oven/bun-linux-x64-baseline': { version: '1.4.5', integrity: 'sha512-@oven/bun-linux-x64-baseline-1.4.5' },
      '@oven/bun-linux-aarch64': { version: '1.4.5', integrity: 'sha512-@oven/bun-linux-aarch64-1.4.5' },
    })
    expect(lock.suites['bookworm-security']?.signedBy).toEqual([ours.publicKey.getFingerprint()])
  })

  test('is not made from a list that is not the one that was signed', async () => {
    const other = Bun.gzipSync(utf8(`${base}\n${control('web', '6.6', '')}`))
    const get = await archive(lists, (path, bytes) => (path.includes('by-hash') ? other : bytes))
    await expect(refreshedLock(parts(get, 'bad'))).rejects.toThrow('the package list of bookworm')
    const padded = await archive(lists, (path, bytes) =>
      path.includes('by-hash') ? bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) : bytes,
    )
    await expect(refreshedLock(parts(padded, 'padded'))).rejects.toThrow('is not what the lock pins')
    expect(await Bun.file(blobPath(join(folder, 'padded'), checksum(other))).exists()).toBe(false)
  })

  test('names a suite that the mirror does not have', async () => {
    const { bookworm } = lists
    await expect(refreshedLock(parts(await archive({ bookworm }), 'part'))).rejects.toThrow('has no suite bookworm-')
  })

  test('names a package that no suite has', async () => {
    const without = { ...lists, bookworm: base }
    await expect(refreshedLock(parts(await archive(without), 'without'))).rejects.toThrow(
      'amd64: no suite has the package web',
    )
  })
})
