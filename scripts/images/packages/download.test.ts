import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '#common/stream/bytes'
import { blobPath, checksum, linkOrCopy, readBlob, sweepCache, writeBlob, writeWhole } from './cache.ts'
import { type Get, get, obtain } from './download.ts'
import { findMirrors } from './mirror.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-cache-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let cache = ''
beforeEach(() => {
  cache = mkdtempSync(join(root, 'cache-'))
})

const good = utf8('the package, whole')
const expected = checksum(good)
const source = {
  what: 'the Debian package web 1.0',
  checksum: expected,
  size: good.length,
  address: async () => 'http://user:secret@mirror.example/debian/web.deb',
  remedy: 'bun run images:lock',
}
const counting = (answer: Uint8Array | undefined) => {
  const asked: string[] = []
  const fetched: Get = async (address) => {
    asked.push(address)
    return answer
  }
  return { asked, fetched }
}
const cachedBlobs = () =>
  existsSync(join(cache, 'blobs', 'sha256')) ? readdirSync(join(cache, 'blobs', 'sha256')) : []

describe('a pinned download', () => {
  test('is fetched once and found in the cache after that', async () => {
    const { asked, fetched } = counting(good)
    expect(await obtain(cache, source, fetched)).toEqual(good)
    expect(await obtain(cache, source, fetched)).toEqual(good)
    expect(asked.length).toBe(1)
    expect(cachedBlobs()).toEqual([expected.hex])
  })

  test.each([
    ['changed', utf8('the package, wh0le')],
    ['cut off', good.slice(0, 5)],
    ['empty', new Uint8Array()],
  ])('that was %s in the cache is fetched again', async (_, bad) => {
    const { asked, fetched } = counting(good)
    await obtain(cache, source, fetched)
    writeFileSync(blobPath(cache, expected), bad)
    expect(await obtain(cache, source, fetched)).toEqual(good)
    expect(asked.length).toBe(2)
    expect(readBlob(cache, expected)).toEqual(good)
  })

  test('that is not what was pinned is not cached', async () => {
    await expect(obtain(cache, source, counting(good.slice(1)).fetched)).rejects.toThrow(
      'has 17 bytes, the lock says 18: nothing was cached',
    )
    await expect(obtain(cache, source, counting(utf8('the package, wh0le')).fetched)).rejects.toThrow(
      'is not what the lock pins',
    )
    expect(cachedBlobs()).toEqual([])
  })

  test('that has gone from the mirror says which command mends it, and no password', async () => {
    await expect(obtain(cache, source, counting(undefined).fetched)).rejects.toThrow(
      'the Debian package web 1.0 is no longer at http://mirror.example/debian/web.deb; pin what there is now: bun run images:lock',
    )
  })
})

describe('fetching', () => {
  test('gives what a server has, and nothing for what it has not', async () => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: ({ url }) => (url.endsWith('/here') ? new Response('x') : new Response('', { status: 404 })),
    })
    try {
      expect(await get(`http://127.0.0.1:${server.port}/here`)).toEqual(utf8('x'))
      expect(await get(`http://127.0.0.1:${server.port}/gone`)).toBeUndefined()
    } finally {
      await server.stop(true)
    }
  })

  test('tries again when the connection breaks in the middle, and takes no part for the whole', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections++
      const whole = connections === 3
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n')
        socket.write(whole ? '0123456789' : '01234')
        if (whole) socket.end()
        else setTimeout(() => socket.destroy(), 20)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    try {
      expect(await get(`http://127.0.0.1:${port}/`)).toEqual(utf8('0123456789'))
      expect(connections).toBe(3)
    } finally {
      server.close()
    }
  })

  test('ends with a sentence when a server only fails', async () => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('', { status: 500 }) })
    try {
      expect(await get(`http://127.0.0.1:${server.port}/x`).catch((error: Error) => error.message)).toBe(
        `http://127.0.0.1:${server.port}/x cannot be fetched: status 500`,
      )
    } finally {
      await server.stop(true)
    }
  })

  test('reads a mirror in a folder', async () => {
    writeFileSync(join(cache, 'x.deb'), 'x')
    expect(await get(Bun.pathToFileURL(join(cache, 'x.deb')).href)).toEqual(utf8('x'))
    expect(await get(Bun.pathToFileURL(join(cache, 'y.deb')).href)).toBeUndefined()
  })
})

describe('the cache', () => {
  test('leaves nothing behind when a file cannot be put in its place', () => {
    const path = join(cache, 'folder')
    writeWhole(join(path, 'inside'), 'x')
    expect(() => writeWhole(path, 'y')).toThrow()
    expect(readdirSync(cache)).toEqual(['folder'])
  })

  test('shares a file by another name and replaces what has it', () => {
    const one = writeBlob(cache, good)
    const to = join(cache, 'other', 'name')
    writeWhole(to, 'old')
    linkOrCopy(blobPath(cache, one), to)
    expect(readFileSync(to)).toEqual(Buffer.from(good))
    expect(readdirSync(join(cache, 'other'))).toEqual(['name'])
  })

  test('forgets what nobody used for long', () => {
    const old = writeBlob(cache, utf8('old'))
    const used = writeBlob(cache, utf8('used'))
    const recent = writeBlob(cache, utf8('recent'))
    for (const one of [old, used]) utimesSync(blobPath(cache, one), 1, 1)
    readBlob(cache, used)
    sweepCache(cache, 5_000)
    expect(cachedBlobs().sort()).toEqual([used.hex, recent.hex].sort())
  })
})

describe('mirrors', () => {
  const sources = () => [
    { name: 'x.list', text: 'deb http://one.example/debian x main\ndeb http://two.example/debian-security/ x main\n' },
  ]

  test('are those of apt, each archive its own', () => {
    const mirrors = findMirrors({}, sources)
    expect([mirrors('debian'), mirrors('debian-security')]).toEqual([
      'http://one.example/debian/',
      'http://two.example/debian-security/',
    ])
  })

  test('are those that the environment names before that', () => {
    const named = findMirrors({ LUCID_DEBIAN_MIRROR: 'https://own.example/debian/' }, sources)
    expect([named('debian'), named('debian-security')]).toEqual([
      'https://own.example/debian/',
      'https://own.example/debian-security/',
    ])
    const both = findMirrors(
      { LUCID_DEBIAN_MIRROR: 'https://own.example/debian', LUCID_DEBIAN_SECURITY_MIRROR: 'https://sec.example/' },
      sources,
    )
    expect(both('debian-security')).toBe('https://sec.example/')
  })

  test('are asked for by name on a machine that knows none', () => {
    expect(() => findMirrors({}, () => [])('debian')).toThrow('set LUCID_DEBIAN_MIRROR')
  })
})
