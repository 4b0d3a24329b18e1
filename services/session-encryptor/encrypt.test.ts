import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { chunkFileName, FLAG_LAST, FLAG_ZSTD, HEADER_SIZE, splitChunkFile } from '#common/evidence/chunk-file'
import { leafHash } from '#common/evidence/merkle'
import { openChunk } from '#common/evidence/open-chunk'
import { concat, fromHex } from '#common/stream/bytes'
import { noise } from '#common/testing/sample-session'
import chunkVectors from '../common/evidence/vectors/chunk-file.json'
import { type EncryptorOptions, encryptInto, encryptorAt, OWNER, ownFolder, sessionId } from './fixture.ts'

const session = sessionId()
const SIZE = 1024

let root: string
let remove: () => void
beforeEach(() => {
  ;({ root, remove } = ownFolder())
})
afterEach(() => remove())

/** An encryptor with one session and a writer. */
const opened = async (options: Partial<EncryptorOptions> = {}) => {
  const encryptor = await encryptorAt({ root, ...options })
  await encryptor.sessions.create({ session, owner: OWNER, chunk_size: SIZE })
  const { epoch } = await encryptor.sessions.openWriter(session)
  return { ...encryptor, epoch }
}

const onDisk = (index: number, of = session) =>
  new Uint8Array(readFileSync(join(root, 'chunks', of, chunkFileName(index))))
const names = () => readdirSync(join(root, 'chunks', session)).toSorted()
const problem = (status: number, code: string) => ({ status, body: expect.objectContaining({ status, code }) })

describe('a chunk that was encrypted', () => {
  test('is a file of wire format v1, byte for byte', async () => {
    const id = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
    for (const vector of chunkVectors.chunks) {
      remove()
      ;({ root, remove } = ownFolder())
      const nonces = chunkVectors.chunks.map(({ nonce }) => fromHex(nonce)).slice(0, vector.index + 1)
      const script = [fromHex(vector.session_key), new Uint8Array(24), ...nonces]
      const random: Random = () => script.shift() ?? new Uint8Array()
      const { app, sessions } = await encryptorAt({ root, random })
      await sessions.create({ session: id, owner: OWNER, chunk_size: SIZE })
      const { epoch } = await sessions.openWriter(id)
      for (let index = 0; index < vector.index; index++)
        await encryptInto(app, { session: id, index, epoch }, noise(SIZE, index))
      const last = (vector.flags & FLAG_LAST) !== 0
      const sent = { session: id, index: vector.index, epoch, flags: vector.flags, plain: vector.plain_length }
      const { status } = await encryptInto(app, { ...sent, broken: !last }, fromHex(vector.stored))
      expect({ status, file: onDisk(vector.index, id).toHex() }).toEqual({ status: 200, file: vector.file })
    }
  })

  test('has a record that follows from its file, and opens to what was sent', async () => {
    const { app, epoch, sessions, aead } = await opened({ now: () => 1234 })
    const plain = noise(SIZE, 1)
    const { status, body } = await encryptInto(app, { index: 0, epoch }, plain)
    const file = onDisk(0)
    const { header, sealed } = splitChunkFile(file)
    expect(status).toBe(200)
    expect(body).toEqual({
      index: 0,
      flags: 0,
      plain: SIZE,
      comp: SIZE,
      cipher: SIZE + 16,
      leaf: leafHash(blake3(sealed)).toHex(),
      sha256: new Bun.CryptoHasher('sha256').update(sealed).digest('hex'),
      nonce: header.nonce.toHex(),
      at: 1234,
    })
    expect(file.length).toBe(HEADER_SIZE + SIZE + 16)
    const sessionKey = await sessions.key(session)
    expect(await openChunk(header, sealed, { aead, sessionKey })).toEqual(plain)
  })

  test('counts in the progress of its session', async () => {
    const { app, epoch, sessions } = await opened({ now: () => 1234 })
    await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    await encryptInto(app, { index: 1, epoch, flags: FLAG_LAST | FLAG_ZSTD, plain: 900 }, noise(100, 2))
    expect(await sessions.progress(session)).toEqual({
      session,
      chunk_size: SIZE,
      chunk_count: 2,
      total_plain: SIZE + 900,
      total_cipher: SIZE + 16 + 116,
      last: true,
      sealed: false,
      last_at: 1234,
      last_byte_at: 1234,
    })
  })

  test('is never encrypted with a nonce that was used before', async () => {
    const { app, epoch } = await opened()
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => encryptInto(app, { index, epoch }, noise(SIZE, 7))),
    )
    const nonces = replies.map(({ body }) => (body as { nonce: string }).nonce)
    expect(new Set(nonces).size).toBe(20)
  })
})

describe('the order of chunks', () => {
  test('is that of their indices, whatever the order they come in', async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 })
    let round = 0
    await fc.assert(
      fc.asyncProperty(order, async (indices) => {
        const own = join(root, String(round++))
        const { app, sessions, store } = await encryptorAt({ root: own })
        await sessions.create({ session, owner: OWNER, chunk_size: SIZE })
        const { epoch } = await sessions.openWriter(session)
        const sent = indices.map((index) => encryptInto(app, { index, epoch }, noise(SIZE, index)))
        expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
        expect((await sessions.progress(session)).chunk_count).toBe(6)
        await store.close()
      }),
      { numRuns: 15 },
    )
  })

  test('has no chunk after the last', async () => {
    const { app, epoch } = await opened()
    expect(await encryptInto(app, { index: 0, epoch, flags: FLAG_LAST }, noise(10, 1))).toMatchObject({ status: 200 })
    expect(await encryptInto(app, { index: 1, epoch }, noise(SIZE, 2))).toEqual(problem(409, 'after-last'))
  })

  test('has no chunk after the short end of a stream that broke off', async () => {
    const { app, epoch } = await opened()
    expect(await encryptInto(app, { index: 0, epoch, broken: true }, noise(10, 1))).toMatchObject({ status: 200 })
    expect(await encryptInto(app, { index: 1, epoch }, noise(SIZE, 2))).toEqual(problem(409, 'after-last'))
  })
})

describe('a chunk that comes again', () => {
  test('of the same writer is answered with the record that exists', async () => {
    const { app, epoch } = await opened()
    const first = await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    const file = onDisk(0)
    expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toEqual(first)
    expect(onDisk(0)).toEqual(file)
  })

  test('while it is being written is the same chunk, and its file is whole', async () => {
    const { app, epoch, sessions, aead } = await opened()
    const plain = noise(SIZE, 1)
    const replies = await Promise.all([1, 2, 3, 4].map(() => encryptInto(app, { index: 0, epoch }, plain)))
    const [first] = replies
    expect(replies).toEqual([first, first, first, first] as typeof replies)
    const { header, sealed } = splitChunkFile(onDisk(0))
    expect(first?.body).toMatchObject({ nonce: header.nonce.toHex(), leaf: leafHash(blake3(sealed)).toHex() })
    expect(await openChunk(header, sealed, { aead, sessionKey: await sessions.key(session) })).toEqual(plain)
    expect(names()).toEqual(['000000.lcd'])
  })

  test('with anything else in it is refused, and the first one stands', async () => {
    const { app, epoch, sessions } = await opened()
    const first = await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    const file = onDisk(0)
    const sent = { index: 0, epoch }
    for (const other of [
      encryptInto(app, sent, noise(SIZE, 2)),
      encryptInto(app, { ...sent, flags: FLAG_LAST }, noise(SIZE, 1)),
      encryptInto(app, { ...sent, flags: FLAG_LAST }, noise(SIZE - 1, 1)),
      encryptInto(app, { ...sent, flags: FLAG_ZSTD, plain: SIZE }, noise(SIZE - 1, 1)),
      encryptInto(app, { ...sent, broken: true }, noise(SIZE, 1)),
      encryptInto(app, { ...sent, broken: true }, noise(7, 1)),
    ])
      expect(await other).toEqual(problem(409, 'chunk-differs'))
    expect(await encryptInto(app, sent, noise(SIZE, 1))).toEqual(first)
    expect(onDisk(0)).toEqual(file)
    expect(await sessions.progress(session)).toMatchObject({ chunk_count: 1, last: false })
    expect((await encryptInto(app, { index: 1, epoch }, noise(SIZE, 2))).status).toBe(200)
  })

  test('in twenty versions at once is kept in one; the other nineteen are refused', async () => {
    const { app, epoch } = await opened()
    const versions = Array.from({ length: 20 }, (_, n) => encryptInto(app, { index: 0, epoch }, noise(SIZE, n)))
    const replies = (await Promise.all(versions)).map(({ status }) => status).toSorted()
    expect(replies).toEqual([200, ...Array(19).fill(409)])
    expect(names()).toEqual(['000000.lcd'])
  })

  test('after one that was refused is taken, also in the same moment', async () => {
    const { app, epoch } = await opened()
    const bad = encryptInto(app, { index: 0, epoch }, noise(SIZE - 1, 1))
    const good = encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    expect([(await bad).status, (await good).status]).toEqual([400, 200])
  })

  test('is answered also when the session has no room for another one', async () => {
    const { app, epoch } = await opened({ maxSessionBytes: SIZE })
    const first = await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toEqual(first)
  })

  test('after a restart of the encryptor is answered with the record too', async () => {
    const before = await opened()
    const first = await encryptInto(before.app, { index: 0, epoch: before.epoch }, noise(SIZE, 1))
    await before.close()
    const { app } = await encryptorAt({ root })
    expect(await encryptInto(app, { index: 0, epoch: before.epoch }, noise(SIZE, 1))).toEqual(first)
  })
})

describe('a writer that another one has replaced', () => {
  test('is refused, and the chunk of its successor stands', async () => {
    const { app, epoch, sessions } = await opened()
    const { epoch: newer } = await sessions.openWriter(session)
    expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toEqual(problem(409, 'fenced'))
    await encryptInto(app, { index: 0, epoch: newer }, noise(SIZE, 2))
    const file = onDisk(0)
    expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toEqual(problem(409, 'fenced'))
    expect(onDisk(0)).toEqual(file)
    expect(names()).toEqual(['000000.lcd'])
  })

  test('is refused with what it has in work, which leaves no file behind', async () => {
    const { app, epoch, sessions } = await opened()
    const waiting = [2, 3].map((index) => encryptInto(app, { index, epoch }, noise(SIZE, index)))
    while ((await staged()) < 2) await Bun.sleep(1)
    const { epoch: newer, chunk_count } = await sessions.openWriter(session)
    for (const reply of await Promise.all(waiting)) expect(reply).toEqual(problem(409, 'fenced'))
    expect({ newer, chunk_count, names: names() }).toEqual({ newer: epoch + 1, chunk_count: 0, names: [] })
  })

  test('names no file, even when its turn had come before it was replaced', async () => {
    const { app, epoch, sessions } = await opened()
    const order = await sessions.commitOrder(session)
    const gate = Promise.withResolvers<void>()
    void order.exclusively(() => gate.promise)
    const successor = sessions.openWriter(session)
    const late = encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    while ((await staged()) < 1) await Bun.sleep(1)
    await Bun.sleep(5)
    gate.resolve()
    expect(await late).toEqual(problem(409, 'fenced'))
    expect({ epoch: (await successor).epoch, names: names() }).toEqual({ epoch: epoch + 1, names: [] })
  })

  test('cannot invent an epoch of its own', async () => {
    const { app, epoch } = await opened()
    expect(await encryptInto(app, { index: 0, epoch: epoch + 1 }, noise(SIZE, 1))).toEqual(problem(409, 'fenced'))
  })

  const staged = async () => {
    try {
      return names().length
    } catch {
      return 0 // the session's folder is made with its first chunk
    }
  }
})

describe('what is no chunk of this session is refused and leaves nothing', () => {
  const refusals = [
    { what: 'a short chunk in the middle', flags: 0, plain: 10, bytes: 10, code: 'chunk-length' },
    { what: 'a chunk that is too long', flags: 0, plain: SIZE + 1, bytes: SIZE + 1, code: 'chunk-length' },
    { what: 'an empty chunk', flags: FLAG_LAST, plain: 0, bytes: 0, code: 'chunk-length' },
    { what: 'fewer bytes than were announced', flags: 0, plain: SIZE, bytes: SIZE - 1, code: 'chunk-length' },
    { what: 'more bytes than were announced', flags: 0, plain: SIZE, bytes: SIZE + 1, code: 'chunk-length' },
    { what: 'compression that does not shrink', flags: FLAG_ZSTD, plain: SIZE, bytes: SIZE, code: 'chunk-length' },
    { what: 'a compressed nothing', flags: FLAG_ZSTD, plain: SIZE, bytes: 0, code: 'chunk-length' },
    { what: 'an unknown flag', flags: 2, plain: SIZE, bytes: SIZE, code: 'chunk-flags' },
    { what: 'another unknown flag', flags: 64, plain: SIZE, bytes: SIZE, code: 'chunk-flags' },
  ]
  for (const { what, flags, plain, bytes, code } of refusals)
    test(what, async () => {
      const { app, epoch, sessions } = await opened()
      const reply = await encryptInto(app, { index: 0, epoch, flags, plain }, noise(bytes, 1))
      expect(reply).toEqual(problem(400, code))
      expect((await sessions.progress(session)).chunk_count).toBe(0)
      expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toMatchObject({ status: 200 })
      expect(names()).toEqual(['000000.lcd'])
    })

  test('a chunk of an unknown session', async () => {
    const { app } = await opened()
    const sent = { session: sessionId(9), index: 0, epoch: 1 }
    expect(await encryptInto(app, sent, noise(SIZE, 1))).toEqual(problem(404, 'no-such-session'))
  })

  test('a chunk of a sealed session', async () => {
    const { app, epoch, sessions } = await opened()
    await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    await sessions.seal(session)
    for (const index of [0, 1])
      expect(await encryptInto(app, { index, epoch }, noise(SIZE, 1))).toEqual(problem(409, 'sealed'))
    expect(names()).toEqual(['000000.lcd'])
  })

  test('a chunk that makes the session too large', async () => {
    const { app, epoch } = await opened({ maxSessionBytes: 2 * SIZE })
    for (const index of [0, 1])
      expect(await encryptInto(app, { index, epoch }, noise(SIZE, 1))).toMatchObject({ status: 200 })
    expect(await encryptInto(app, { index: 2, epoch }, noise(SIZE, 1))).toEqual(problem(413, 'session-too-large'))
  })

  test('a chunk for which there is no room: the answer says when to come again', async () => {
    const { app, epoch, sessions, store } = await opened({ freeBytesKept: Number.MAX_SAFE_INTEGER })
    expect(await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))).toEqual(problem(503, 'disk-full'))
    expect((await sessions.progress(session)).chunk_count).toBe(0)
    await store.close()
    const roomy = await encryptorAt({ root })
    expect(await encryptInto(roomy.app, { index: 0, epoch }, noise(SIZE, 1))).toMatchObject({ status: 200 })
  })
})

describe('a crash', () => {
  test('between file and record: the next writer replaces the file', async () => {
    const { app, epoch, sessions } = await opened()
    await encryptInto(app, { index: 0, epoch }, noise(SIZE, 1))
    writeFileSync(join(root, 'chunks', session, '000001.lcd'), concat(noise(58, 8), noise(SIZE, 9)))
    const { epoch: next, chunk_count } = await sessions.openWriter(session)
    expect(chunk_count).toBe(1)
    const { body } = await encryptInto(app, { index: 1, epoch: next }, noise(SIZE, 2))
    expect(body).toMatchObject({ leaf: leafHash(blake3(splitChunkFile(onDisk(1)).sealed)).toHex() })
  })
})
