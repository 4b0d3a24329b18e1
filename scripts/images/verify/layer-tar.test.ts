import { describe, expect, test } from 'bun:test'
import { concat } from '#common/stream/bytes'
import { type FixtureEntry, fixtureTar } from '../read/layout.fixture.ts'
import { readLayer } from './layer-tar.ts'

const BLOCK = 512
const end = new Uint8Array(2 * BLOCK)
/** Entries without the two blocks that end an archive. */
const blocks = (...entries: readonly FixtureEntry[]) => fixtureTar(entries).subarray(0, -end.length)
const record = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`
  let length = rest.length
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return `${length}${rest}`
}

test('names, owners, modes, links and content are read as they are', () => {
  const entries = readLayer(
    fixtureTar([
      { path: './etc/', type: '5', mode: 0o755 },
      { path: 'etc/x', content: 'abc', mode: 0o4711, uid: 65532 },
      { path: 'y', type: '2', link: '../etc/x', mode: 0o777 },
      { path: 'z', type: '1', link: 'etc/x' },
    ]),
  )
  const short = entries.map(({ path, kind, mode, uid, target, data }) => [
    path,
    kind,
    mode,
    uid,
    target,
    data.length,
  ])
  expect(short).toEqual([
    ['etc', 'folder', 0o755, 0, '', 0],
    ['etc/x', 'file', 0o4711, 65532, '', 3],
    ['y', 'link', 0o777, 0, '../etc/x', 0],
    ['z', 'hard-link', 0o644, 0, 'etc/x', 0],
  ])
})

test('long names, long links and extended attributes of pax and GNU apply to the next entry only', () => {
  const long = 'a/'.repeat(80)
  const pax = record('path', `${long}b`) + record('SCHILY.xattr.security.capability', '\x01')
  const archive = concat(
    blocks({ path: 'pax', type: 'x', content: pax }, { path: 'short' }, { path: 'plain' }),
    blocks(
      { path: 'gnu', type: 'L', content: `${long}c\0` },
      { path: 'gnu', type: 'K', content: `${long}d\0` },
    ),
    blocks({ path: 'short', type: '2' }),
    end,
  )
  expect(readLayer(archive).map(({ path, target, attributes }) => [path, target, attributes])).toEqual([
    [`${long}b`, '', ['security.capability']],
    ['plain', '', []],
    [`${long}c`, `${long}d`, []],
  ])
})

describe('what a strict reader refuses', () => {
  const good = blocks({ path: 'x', content: 'abc' })
  const changed = Uint8Array.from(good, (byte, at) => (at === 3 ? 65 : byte))
  test.each<[string, Uint8Array, string]>([
    ['a changed header', concat(changed, end), 'a header has a wrong checksum'],
    ['no end', good, 'the archive has no end'],
    ['an end in a file', good.subarray(0, BLOCK + 2), 'the archive ends in the middle of a file'],
    ['something after the end', concat(good, end, good), 'something comes after the end'],
    ['a way out', fixtureTar([{ path: 'a/../../etc/x' }]), 'leads out of the image'],
    ['an unknown kind', fixtureTar([{ path: 'x', type: 'Z' }]), "the unknown kind 'Z'"],
    [
      'a sparse file',
      fixtureTar([{ path: 'p', type: 'x', content: record('GNU.sparse.major', '1') }]),
      'a sparse file',
    ],
    [
      'a broken pax header',
      fixtureTar([{ path: 'p', type: 'x', content: '99 path=x\n' }]),
      'a pax header is broken',
    ],
    [
      'a global header that renames',
      fixtureTar([{ path: 'g', type: 'g', content: record('path', 'x') }]),
      'a global pax header',
    ],
  ])('%s', (_, archive, says) => expect(() => readLayer(archive)).toThrow(says))

  test('and any change of a byte of a header, save the one after the end of the checksum', () => {
    for (const at of Array.from({ length: BLOCK }, (_, i) => i).filter((i) => i !== 155)) {
      const spoilt = Uint8Array.from(concat(good, end), (byte, i) => (i === at ? byte ^ 0x41 : byte))
      expect(() => readLayer(spoilt)).toThrow()
    }
  })
})
