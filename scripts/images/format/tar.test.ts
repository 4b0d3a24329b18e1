import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { utf8 } from '#common/stream/bytes'
import { paxRecord, type TarEntry, tar } from './tar.ts'
import { untar } from './untar.ts'

const root = { uid: 0, gid: 0 } as const
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const tree: readonly TarEntry[] = [
  { path: 'data/x/a', type: 'file', mode: 0o600, ...root, data: utf8('hi\n') },
  { path: 'data', type: 'folder', mode: 0o755, ...root },
  { path: 'data/x', type: 'folder', mode: 0o700, ...root },
  { path: 'data/l', type: 'link', mode: 0o777, ...root, target: '../x' },
]

describe('a tar', () => {
  test('has the bytes that GNU tar writes for the same tree (--format=ustar --mtime=@0 --numeric-owner -b1)', () => {
    const bytes = tar(tree)
    expect(bytes.length).toBe(3584)
    expect(sha256(bytes)).toBe('0426c58c28156fdec7c02dd48734fa5a3f611ce1392edad286d2eb67722707f2')
  })

  test('is the same in whatever order its entries are given', () => {
    expect(tar(tree.toReversed())).toEqual(tar(tree))
  })

  test('holds names that ustar cannot, in a pax header', () => {
    const path = `ü/${'long/'.repeat(60)}name`
    const target = `${'far/'.repeat(40)}away`
    const entries = untar(
      tar([
        { path, type: 'file', mode: 0o644, ...root, data: utf8('x') },
        { path: 'l', type: 'link', mode: 0o777, ...root, target },
      ]),
    )
    expect(entries.map((entry) => [entry.path, entry.target])).toEqual([
      ['l', target],
      [path, ''],
    ])
  })

  test('counts the digits of a pax record in its length', () => {
    expect(paxRecord('path', 'a')).toBe('9 path=a\n')
    expect(paxRecord('path', 'ab')).toBe('11 path=ab\n')
    expect(paxRecord('path', 'x'.repeat(90))).toStartWith('99 path=x')
    expect(paxRecord('path', 'x'.repeat(91))).toStartWith('101 path=x')
  })

  test.each(['/etc/passwd', '../out', 'a/../b', '', 'a/', './a'])('refuses the name %p', (path) => {
    expect(() => tar([{ path, type: 'file', mode: 0o644, ...root, data: new Uint8Array() }])).toThrow(
      'no name',
    )
  })

  test('refuses two entries of one name', () => {
    expect(() => tar([...tree, ...tree.slice(0, 1)])).toThrow('two entries are called data/x/a')
  })

  test('comes out of the reader as it went in', () => {
    const name = fc.stringMatching(/^[a-zé_-]{1,60}$/)
    const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
    fc.assert(
      fc.property(fc.dictionary(path, fc.uint8Array({ maxLength: 1500 })), (files) => {
        const entries = Object.entries(files).map(
          ([at, data]) => ({ path: at, type: 'file', mode: 0o644, ...root, data }) as const,
        )
        const read = Object.fromEntries(
          untar(tar(entries)).map((entry) => [entry.path, new Uint8Array(entry.data)]),
        )
        expect(read).toEqual(
          Object.fromEntries(entries.map((entry) => [entry.path, new Uint8Array(entry.data)])),
        )
      }),
    )
  })
})

describe('the reader', () => {
  const good = tar(tree)

  test('notices a changed header', () => {
    const bad = good.slice()
    bad[0] = 0x65
    expect(() => untar(bad)).toThrow('wrong checksum')
  })

  test('notices that the end is missing', () => {
    expect(() => untar(good.subarray(0, 512 * 4))).toThrow('ends in the middle of a file')
    expect(() => untar(good.subarray(0, 512 * 3))).toThrow('has no end')
  })

  test('lets no name lead out of the folder', () => {
    const bytes = tar([{ path: 'aa/bb', type: 'file', mode: 0o644, ...root, data: new Uint8Array() }])
    bytes.set(utf8('../bb'), 0)
    bytes.set(utf8('0004730\0 '.slice(0, 8)), 148)
    const sum = bytes
      .subarray(0, 512)
      .reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
    bytes.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
    expect(() => untar(bytes)).toThrow('leads out of it')
  })
})
