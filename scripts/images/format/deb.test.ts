import { describe, expect, test } from 'bun:test'
import { concat, utf8 } from '#common/stream/bytes'
import { debFile } from '../sample-packages.fixture.ts'
import { ar } from './ar.ts'
import { readDeb } from './deb.ts'
import { decompress } from './decompress.ts'

const deb = debFile('Package: hello\nVersion: 1\n', {
  'usr/bin/hello': { mode: 0o4755, data: 'odd' },
  'usr/share/doc/hello/': '',
  'usr/lib/libhello.so': { link: 'libhello.so.1' },
})

describe('a Debian package', () => {
  test('gives its control file and its files with their modes', async () => {
    const { control, files } = await readDeb(deb)
    expect(control).toBe('Package: hello\nVersion: 1\n')
    expect(files.map(({ path, type, mode, target }) => [path, type, mode.toString(8), target])).toEqual([
      ['usr/bin/hello', 'file', '4755', ''],
      ['usr/lib/libhello.so', 'link', '777', 'libhello.so.1'],
      ['usr/share/doc/hello', 'folder', '2775', ''],
    ])
  })

  test('has members of any size, an odd one is padded', () => {
    expect([...ar(deb)].map(([name]) => name)).toEqual(['debian-binary', 'control.tar.gz', 'data.tar.gz'])
  })

  test('that is cut off, or is something else, is refused', async () => {
    await expect(readDeb(deb.slice(0, deb.length - 40))).rejects.toThrow('is not whole')
    await expect(readDeb(utf8('<html>not found</html>'))).rejects.toThrow('no ar archive')
    await expect(readDeb(concat(utf8('!<arch>\n')))).rejects.toThrow('has no control.tar')
  })
})

test('xz, gzip and zstd are read without a program of the machine', async () => {
  const xz = Uint8Array.fromBase64(
    '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jMAQAIaGVsbG8geHoKAAAAAMFJOvpjUhRaAAEhCWwYxdUftvN9AQAAAAAEWVo=',
  )
  const text = utf8('hello xz\n')
  expect(new Uint8Array(await decompress('data.tar.xz', xz))).toEqual(text)
  expect(new Uint8Array(await decompress('data.tar.gz', Bun.gzipSync(text)))).toEqual(text)
  expect(new Uint8Array(await decompress('data.tar.zst', Bun.zstdCompressSync(text)))).toEqual(text)
  expect(await decompress('data.tar', text)).toBe(text)
  await expect(decompress('data.tar.xz', xz.slice(0, 40))).rejects.toThrow()
})
