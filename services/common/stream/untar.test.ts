import { describe, expect, test } from 'bun:test'
import { concat, utf8 } from './bytes.ts'
import { BLOCK, checksum, END_SIZE, encodeHeader, padding, paxRecord, type TarHeader } from './tar.ts'
import { decodeTar } from './untar.ts'

const end = new Uint8Array(END_SIZE)
/** A header of any kind and its content, those too that our writer never makes. */
const block = (name: string, content = '', more: Partial<TarHeader> = {}) =>
  concat(encodeHeader({ name, size: content.length, ...more }), utf8(content), padding(content.length))
const pax = (key: string, value: string) => block('p', paxRecord(key, value), { flag: 'x' })

test('names, owners, modes, links and content are read as they are', () => {
  const entries = decodeTar(
    concat(
      block('./etc/', '', { flag: '5', mode: 0o755 }),
      block('etc/x', 'abc', { mode: 0o4711, uid: 65532 }),
      block('y', '', { flag: '2', target: '../etc/x', mode: 0o777 }),
      block('z', '', { flag: '1', target: 'etc/x' }),
      end,
    ),
  )
  const short = entries.map(({ path, type, mode, uid, target, data }) => [path, type, mode, uid, target, data.length])
  expect(short).toEqual([
    ['etc', 'folder', 0o755, 0, '', 0],
    ['etc/x', 'file', 0o4711, 65532, '', 3],
    ['y', 'link', 0o777, 0, '../etc/x', 0],
    ['z', 'hard-link', 0o644, 0, 'etc/x', 0],
  ])
})

test('long names, long links and extended attributes of pax and GNU apply to the next entry only', () => {
  const long = 'a/'.repeat(80)
  const records = paxRecord('path', `${long}b`) + paxRecord('SCHILY.xattr.security.capability', '\x01')
  const archive = concat(
    block('pax', records, { flag: 'x' }),
    block('short'),
    block('plain'),
    block('gnu', `${long}c\0`, { flag: 'L' }),
    block('gnu', `${long}d\0`, { flag: 'K' }),
    block('short', '', { flag: '2' }),
    end,
  )
  expect(decodeTar(archive).map(({ path, target, attributes }) => [path, target, attributes])).toEqual([
    [`${long}b`, '', ['security.capability']],
    ['plain', '', []],
    [`${long}c`, `${long}d`, []],
  ])
})

test('an owner beyond octal is read in the binary form of GNU', () => {
  const header = encodeHeader({ name: 'x', size: 0 })
  header.set([0x80, 0, 0, 0, 1, 0, 0, 0], 108)
  header.set(utf8(checksum(header).toString(8).padStart(6, '0')), 148)
  expect(decodeTar(concat(header, end))[0]?.uid).toBe(2 ** 24)
})

describe('what a strict reader refuses', () => {
  const good = block('x', 'abc')
  const changed = Uint8Array.from(good, (byte, at) => (at === 3 ? 65 : byte))
  test.each<[string, Uint8Array, string]>([
    ['a changed header', concat(changed, end), 'a header has a wrong checksum'],
    ['no end', good, 'the archive has no end'],
    ['an end in a file', good.subarray(0, BLOCK + 2), 'the archive ends in the middle of a file'],
    ['something after the end', concat(good, end, good), 'something comes after the end'],
    ['a way out', concat(block('a/../../etc/x'), end), 'leads out of the archive'],
    ['a long way out', concat(pax('path', '../x'), good, end), 'leads out of the archive'],
    ['a name that ends early', concat(pax('path', 'x\0y'), good, end), 'a name holds a zero byte'],
    ['an unknown kind', concat(block('x', '', { flag: 'Z' }), end), "the unknown kind 'Z'"],
    ['a sparse file', concat(pax('GNU.sparse.major', '1'), good, end), 'a sparse file'],
    ['a size that is none', concat(pax('size', '-512'), good, end), 'the archive ends in the middle of a file'],
    ['a broken pax header', concat(block('p', '99 path=x\n', { flag: 'x' }), end), 'a pax header is broken'],
    [
      'a global header that renames',
      concat(block('g', paxRecord('path', 'x'), { flag: 'g' }), end),
      'a global pax header',
    ],
  ])('%s', (_, archive, says) => expect(() => decodeTar(archive)).toThrow(says))

  test('and any change of a byte of a header, save the one after the end of the checksum', () => {
    for (const at of Array.from({ length: BLOCK }, (_, i) => i).filter((i) => i !== 155)) {
      const spoilt = Uint8Array.from(concat(good, end), (byte, i) => (i === at ? byte ^ 0x41 : byte))
      expect(() => decodeTar(spoilt)).toThrow()
    }
  })
})
