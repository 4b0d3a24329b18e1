import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { aeadEngine } from '#common/engines/aead'
import { isFault } from '../process/fault.ts'
import { concat, fromHex } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import {
  aad,
  chunkFileSize,
  decodeHeader,
  encodeHeader,
  FLAG_LAST,
  FLAG_ZSTD,
  HEADER_SIZE,
  MAX_PLAIN,
  splitChunkFile,
} from './chunk-file.ts'
import { chunkKey } from './chunk-key.ts'
import { openChunk } from './open-chunk.ts'
import vectors from './vectors/chunk-file.json'

const sound = {
  sessionId: fromHex('a1b2c3d4e5f647898abcdef012345678'),
  index: 3,
  flags: FLAG_LAST,
  plainLength: 100,
  compLength: 100,
  nonce: new Uint8Array(24).fill(9),
}

test('the recorded chunk files are made byte for byte', async () => {
  const { seal } = await aeadEngine()
  for (const {
    session_key,
    session_id,
    index,
    flags,
    plain_length,
    nonce,
    stored,
    aad: expectedAad,
    file,
  } of vectors.chunks) {
    const sessionId = fromHex(session_id)
    const header = {
      sessionId,
      index,
      flags,
      plainLength: plain_length,
      compLength: stored.length / 2,
      nonce: fromHex(nonce),
    }
    expect(aad(header).toHex()).toBe(expectedAad)
    const key = chunkKey(fromHex(session_key), sessionId, index)
    const sealed = await seal({ key, nonce: header.nonce, aad: aad(header), plain: fromHex(stored) })
    expect(concat(encodeHeader(header), sealed).toHex()).toBe(file)
  }
})

test('the recorded chunk files open to their plaintext', async () => {
  const aead = await aeadEngine()
  for (const { session_key, plain, file } of vectors.chunks) {
    const { header, sealed } = splitChunkFile(fromHex(file))
    expect((await openChunk(header, sealed, { aead, sessionKey: fromHex(session_key) })).toHex()).toBe(plain)
  }
})

test('what is encoded decodes to the same, for every sound header', () => {
  const header = fc
    .record({
      index: fc.nat(0xffffffff),
      last: fc.boolean(),
      plainLength: fc.integer({ min: 2, max: MAX_PLAIN }),
      cut: fc.nat(5),
      nonce: fc.uint8Array({ minLength: 24, maxLength: 24 }),
    })
    .map(({ index, last, plainLength, cut, nonce }) => {
      const compLength = Math.max(1, plainLength - cut)
      return {
        sessionId: sound.sessionId,
        index,
        flags: (last ? FLAG_LAST : 0) | (compLength < plainLength ? FLAG_ZSTD : 0),
        plainLength,
        compLength,
        nonce: Uint8Array.from(nonce),
      }
    })
  fc.assert(
    fc.property(header, (made) => {
      const bytes = encodeHeader(made)
      expect(bytes.length).toBe(HEADER_SIZE)
      expect(decodeHeader(bytes)).toEqual(made)
    }),
  )
})

test('fields that no chunk may have are faults, when written and when read', async () => {
  const cases = [
    [{ sessionId: new Uint8Array(15) }, 'chunk-session'],
    [{ nonce: new Uint8Array(12) }, 'chunk-nonce'],
    [{ flags: 2 }, 'chunk-flags'],
    [{ plainLength: 0, compLength: 0 }, 'chunk-length'],
    [{ plainLength: MAX_PLAIN + 1, compLength: MAX_PLAIN + 1 }, 'chunk-length'],
    [{ compLength: 99 }, 'chunk-length'],
    [{ flags: FLAG_ZSTD }, 'chunk-length'],
    [{ flags: FLAG_ZSTD, compLength: 0 }, 'chunk-length'],
    [{ index: 2 ** 32 }, 'u32-range'],
  ] as const
  for (const [change, code] of cases)
    expect(isFault(await faultOf(() => encodeHeader({ ...sound, ...change })), code)).toBe(true)
  const bytes = encodeHeader(sound)
  const read = (at: number, value: number) =>
    faultOf(() => decodeHeader(bytes.map((byte, i) => (i === at ? value : byte))))
  expect(isFault(await read(0, 0), 'chunk-magic')).toBe(true)
  expect(isFault(await read(4, 2), 'chunk-version')).toBe(true)
  expect(isFault(await read(5, 4), 'chunk-flags')).toBe(true)
  expect(isFault(await read(33, 101), 'chunk-length')).toBe(true)
  expect(isFault(await faultOf(() => decodeHeader(bytes.subarray(1))), 'chunk-truncated')).toBe(true)
})

test('a file that is shorter or longer than its header says is a fault', async () => {
  const file = concat(encodeHeader(sound), new Uint8Array(116))
  expect(file.length).toBe(chunkFileSize(100))
  expect(splitChunkFile(file).sealed.length).toBe(116)
  for (const bad of [file.slice(0, -1), concat(file, new Uint8Array(1))])
    expect(isFault(await faultOf(() => splitChunkFile(bad)), 'chunk-truncated')).toBe(true)
})

test('a chunk moved to another place, session or flag does not open', async () => {
  const aead = await aeadEngine()
  const [vector] = vectors.chunks
  if (vector === undefined) throw new Error('no vector')
  const { header, sealed } = splitChunkFile(fromHex(vector.file))
  const sessionKey = fromHex(vector.session_key)
  for (const change of [
    { index: header.index + 1 },
    { flags: header.flags ^ FLAG_LAST },
    { plainLength: header.plainLength + 1 },
    { sessionId: sound.sessionId.map((byte) => byte ^ 1) },
  ])
    expect(
      isFault(await faultOf(() => openChunk({ ...header, ...change }, sealed, { aead, sessionKey })), 'aead-failed'),
    ).toBe(true)
})

test('random bytes never give anything but a fault', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const thrown = await faultOf(() => splitChunkFile(Uint8Array.from(bytes)))
      expect(thrown === 'no fault' || isFault(thrown)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
