import { describe, expect, test } from 'bun:test'
import { type ImagesLock, lockedClosure, lockedPackage, parseLock, sortedJson } from './lock.ts'
import { lockDifference } from './lock-difference.ts'

const one = (depends: readonly string[] = [], more: object = {}) => ({
  version: '1',
  archive: 'debian' as const,
  path: 'pool/main/a/a/a_1_amd64.deb',
  size: 10,
  sha256: 'ab'.repeat(32),
  depends,
  ...more,
})

const lock: ImagesLock = {
  suites: {},
  debian: {
    amd64: { web: one(['libc6', 'ssl']), ssl: one(['libc6', 'web']), libc6: one(['hidden']), hidden: one() },
    arm64: {},
  },
  npm: { '@oven/bun': { version: '1', integrity: `sha512-${'A'.repeat(86)}==` } },
}

describe('the image lock', () => {
  test('comes back from its text, whose keys are sorted', () => {
    expect(parseLock(sortedJson(lock))).toEqual(lock)
    expect(sortedJson({ b: 1, a: [{ d: 1, c: 2 }] })).toBe(
      '{\n  "a": [\n    {\n      "c": 2,\n      "d": 1\n    }\n  ],\n  "b": 1\n}\n',
    )
  })

  test('gives the closure of a package without the base', () => {
    expect(lockedClosure(lock, 'amd64', ['web'], ['libc6'])).toEqual(['ssl', 'web'])
    expect(lockedClosure(lock, 'amd64', [], ['libc6'])).toEqual([])
  })

  test('that lacks a package says which command adds it', () => {
    expect(() => lockedPackage(lock, 'arm64', 'web')).toThrow(
      'the image lock has no package web for arm64; run: bun run images:lock',
    )
  })

  const broken: readonly (readonly [string, object])[] = [
    ['sha256', one([], { sha256: 'AB'.repeat(32) })],
    ['path', one([], { path: '../../etc/passwd.deb' })],
    ['path', one([], { path: 'pool/../x.deb' })],
    ['size', one([], { size: '10' })],
    ['size', one([], { size: 0 })],
    ['depends', one([], { depends: undefined })],
    ['archive', one([], { archive: 'ubuntu' })],
    ['version', one([], { version: '' })],
  ]
  test.each(broken)('is refused when the %s of a package is none', (field, web) => {
    const text = JSON.stringify({ ...lock, debian: { ...lock.debian, amd64: { web } } })
    const says = new RegExp(
      `^the image lock is broken: /debian/amd64/web/${field} Expected .*; run: bun run images:lock$`,
    )
    expect(() => parseLock(text)).toThrow(says)
  })

  test('is refused when it is no JSON, lacks a part or pins a tarball by a weak checksum', () => {
    expect(() => parseLock('{')).toThrow('is no JSON')
    expect(() => parseLock('{}')).toThrow('broken: /suites Expected required property')
    expect(() => parseLock(JSON.stringify({ ...lock, debian: { amd64: {} } }))).toThrow(
      'broken: /debian/arm64 Expected required property',
    )
    const weak = { ...lock, npm: { x: { version: '1', integrity: 'sha1-abc=' } } }
    expect(() => parseLock(JSON.stringify(weak))).toThrow('broken: /npm/x/integrity Expected string to match')
  })
})

test('what differs between two locks is said line by line', () => {
  const { web, ...rest } = lock.debian.amd64
  const after: ImagesLock = {
    ...lock,
    debian: {
      ...lock.debian,
      amd64: { ...rest, ssl: one(['libc6', 'web'], { version: '2' }), hidden: one(['x']), extra: one() },
    },
  }
  expect(web).toBeDefined()
  expect(lockDifference(lock, after)).toEqual([
    'amd64 extra: new, 1',
    'amd64 hidden: 1 has other contents or needs',
    'amd64 ssl: 1 -> 2',
    'amd64 web: gone (was 1)',
  ])
  expect(lockDifference(lock, parseLock(sortedJson(lock)))).toEqual([])
})
