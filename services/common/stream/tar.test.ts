import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { utf8 } from './bytes.ts'
import { END_SIZE, encodeHeader, encodeTar, padded, padding, paxRecord, type TarEntry } from './tar.ts'
import { decodeTar } from './untar.ts'

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
    const bytes = encodeTar(tree)
    expect(bytes.length).toBe(3584)
    expect(sha256(bytes)).toBe('0426c58c28156fdec7c02dd48734fa5a3f611ce1392edad286d2eb67722707f2')
  })

  test('is the same in whatever order its entries are given', () => {
    expect(encodeTar(tree.toReversed())).toEqual(encodeTar(tree))
  })

  test('holds names that ustar cannot, in a pax header', () => {
    const path = `ü/${'long/'.repeat(60)}name`
    const target = `${'far/'.repeat(40)}away`
    const entries = decodeTar(
      encodeTar([
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
    expect(() => encodeTar([{ path, type: 'file', mode: 0o644, ...root, data: new Uint8Array() }])).toThrow('no name')
  })

  test('refuses two entries of one name', () => {
    expect(() => encodeTar([...tree, ...tree.slice(0, 1)])).toThrow('two entries are called data/x/a')
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
          decodeTar(encodeTar(entries)).map((entry) => [entry.path, new Uint8Array(entry.data)]),
        )
        expect(read).toEqual(Object.fromEntries(entries.map((entry) => [entry.path, new Uint8Array(entry.data)])))
      }),
    )
  })
})

test('contents are padded to whole blocks', () => {
  expect([0, 1, 511, 512, 513].map(padded)).toEqual([0, 512, 512, 512, 1024])
  expect([0, 1, 512].map((size) => padding(size).length)).toEqual([0, 511, 0])
  expect(END_SIZE).toBe(1024)
})

test.each([
  ['a name', { name: 'a'.repeat(101), size: 0 }],
  ['a name in bytes', { name: 'ä'.repeat(51), size: 0 }],
  ['a target', { name: 'a', size: 0, target: 'a'.repeat(101) }],
  ['a prefix', { name: 'a', size: 0, prefix: 'a'.repeat(156) }],
  ['a size', { name: 'a', size: 8 ** 11 }],
  ['a negative size', { name: 'a', size: -1 }],
  ['an owner', { name: 'a', size: 0, uid: 8 ** 7 }],
])('%s that does not fit a header is refused and never cut', (_, header) => {
  expect(() => encodeHeader(header)).toThrow('does not fit a tar header')
})
