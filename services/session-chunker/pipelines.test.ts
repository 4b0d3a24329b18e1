import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FLAG_LAST, FLAG_ZSTD } from '#common/evidence/chunk-file'
import { Fault } from '#common/process/fault'
import { concat } from '#common/stream/bytes'
import { faultOf } from '#common/testing/faults'
import { noise } from '#common/testing/sample-session'
import { ownFolder, sessionId } from '#services/session-encryptor/fixture'
import type { Encryptor } from './encryptor.ts'
import { chunkerAndEncryptor, inPieces, pipelineParts } from './fixture.ts'
import { pipelines } from './pipelines.ts'

const SIZE = 1024
const NOW = 1_760_000_000_000
const session = sessionId(1)

let root: string
let remove: () => void
let pipe: Awaited<ReturnType<typeof chunkerAndEncryptor>>
beforeEach(async () => {
  ;({ root, remove } = ownFolder())
  pipe = await chunkerAndEncryptor(root, () => NOW)
  await pipe.newSession(1)
})
afterEach(async () => {
  await pipe.shut().catch(() => {})
  remove()
})

const feed = (offset: number, end: 'true' | 'false' | 'broken', bytes: Uint8Array, sizes: readonly number[] = []) =>
  pipe.pipelines.feed(session, { offset, end }, inPieces(bytes, sizes))
const state = (received: number, acknowledged: number, chunk_count: number, complete: boolean) => ({
  session,
  received,
  acknowledged,
  chunk_count,
  complete,
  chunk_size: SIZE,
  ...(acknowledged === 0 ? {} : { last_byte_at: NOW }),
})
const durable = () => pipe.behind().sessions.progress(session)

/** Waits until that many chunks are durable and the chunker knows: both come after their body was answered. */
const untilChunks = async (count: number) => {
  while ((await pipe.pipelines.progress(session)).chunk_count < count) await Bun.sleep(1)
}

describe('a whole stream through chunker and encryptor', () => {
  test('comes back as it went in, whatever its length and its pieces', async () => {
    const near = fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -2, max: 2 }))
      .map(([chunks, more]) => Math.max(1, chunks * SIZE + more))
    const pieces = fc.array(fc.integer({ min: 1, max: 2500 }), { maxLength: 6 })
    let n = 100
    await fc.assert(
      fc.asyncProperty(near, pieces, fc.boolean(), async (length, sizes, shrinks) => {
        const id = sessionId(n++)
        await pipe.newSession(n - 1)
        const bytes = shrinks ? new Uint8Array(length).map((_, at) => at >> 4) : noise(length, n)
        const chunk_count = Math.ceil(length / SIZE)
        expect(await pipe.pipelines.feed(id, { offset: 0, end: 'true' }, inPieces(bytes, sizes))).toEqual({
          session: id,
          received: length,
          acknowledged: length,
          chunk_count,
          complete: true,
          chunk_size: SIZE,
          last_byte_at: NOW,
        })
        expect(await pipe.plainOf(id)).toEqual(bytes)
        expect(pipe.pipelines.count()).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('has compressed chunks where that helps and the last flag at its end alone', async () => {
    const bytes = concat(new Uint8Array(SIZE), noise(SIZE, 1), new Uint8Array(10))
    await feed(0, 'true', bytes)
    const flags = []
    for (const index of [0, 1, 2]) flags.push((await pipe.behind().folder.read(session, index))[5])
    expect(flags).toEqual([FLAG_ZSTD, 0, FLAG_LAST])
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })

  test('may come in many bodies, each going on where the one before ended', async () => {
    const bytes = noise(5 * SIZE + 3, 1)
    let at = 0
    for (const size of [1, 1023, 1, 2048, 0, 900]) {
      expect(await feed(at, 'false', bytes.subarray(at, at + size))).toMatchObject({ received: at + size })
      at += size
    }
    expect(await feed(at, 'true', bytes.subarray(at))).toEqual(state(bytes.length, bytes.length, 6, true))
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })
})

describe('the offset of a body', () => {
  test('is where the stream stands, or it is refused with where that is', async () => {
    await feed(0, 'false', noise(2 * SIZE + 5, 1))
    await untilChunks(2)
    for (const offset of [1, SIZE, 2 * SIZE + 4, 2 * SIZE + 6])
      expect(await faultOf(() => feed(offset, 'false', noise(1, 1)))).toMatchObject({
        kind: 'conflict',
        code: 'offset-differs',
        extra: { received: 2 * SIZE + 5, acknowledged: 2 * SIZE, chunk_count: 2, complete: false },
      })
  })

  test('may be what is acknowledged: what was received after that is forgotten and comes again', async () => {
    const bytes = noise(2 * SIZE + 5, 1)
    await feed(0, 'false', bytes)
    await untilChunks(2)
    expect(await feed(2 * SIZE, 'true', bytes.subarray(2 * SIZE))).toEqual(state(bytes.length, bytes.length, 3, true))
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })

  test('of a chunker that was restarted is what the encryptor has', async () => {
    const bytes = noise(3 * SIZE, 1)
    await feed(0, 'false', bytes)
    await untilChunks(2)
    const restarted = pipelines(pipelineParts(pipe.encryptor, () => NOW))
    expect(await restarted.progress(session)).toEqual(state(2 * SIZE, 2 * SIZE, 2, false))
    const again = { offset: 3 * SIZE, end: 'true' } as const
    expect(await faultOf(() => restarted.feed(session, again, inPieces(new Uint8Array())))).toMatchObject({
      code: 'offset-differs',
      extra: { acknowledged: 2 * SIZE },
    })
    const rest = inPieces(bytes.subarray(2 * SIZE))
    expect(await restarted.feed(session, { offset: 2 * SIZE, end: 'true' }, rest)).toMatchObject({ complete: true })
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })
})

describe('the end of a stream', () => {
  test('may be told again after its answer was lost', async () => {
    const bytes = noise(SIZE + 1, 1)
    const first = await feed(0, 'true', bytes)
    expect(await feed(0, 'true', bytes)).toEqual(first)
    expect(await feed(SIZE, 'true', bytes.subarray(SIZE))).toEqual(first)
    expect(await feed(bytes.length, 'true', new Uint8Array())).toEqual(first)
    expect((await durable()).chunk_count).toBe(2)
  })

  test('is the end: no byte comes after it', async () => {
    await feed(0, 'true', noise(SIZE, 1))
    expect(await faultOf(() => feed(SIZE, 'true', noise(1, 1)))).toMatchObject({ kind: 'conflict', code: 'after-last' })
  })

  test('of a stream of zero bytes is refused: there is nothing to prove', async () => {
    expect(await faultOf(() => feed(0, 'true', new Uint8Array()))).toMatchObject({
      kind: 'invalid',
      code: 'empty-recording',
    })
  })

  test('of a stream that broke off keeps what is there, without the last flag', async () => {
    const bytes = noise(SIZE + 10, 1)
    expect(await feed(0, 'broken', bytes)).toEqual(state(bytes.length, bytes.length, 2, false))
    expect(await pipe.plainOf(session)).toEqual(bytes)
    expect((await pipe.behind().folder.read(session, 1))[5]).toBe(0)
  })

  test('of a stream that broke off may be told again, and before any byte came', async () => {
    expect(await feed(0, 'broken', new Uint8Array())).toEqual(state(0, 0, 0, false))
    await feed(0, 'broken', noise(10, 1))
    expect(await feed(10, 'broken', new Uint8Array())).toEqual(state(10, 10, 1, false))
  })

  test('without its tail is refused after a restart, saying from where to send again', async () => {
    const bytes = noise(2 * SIZE, 1)
    await feed(0, 'false', bytes)
    await untilChunks(1)
    const restarted = pipelines(pipelineParts(pipe.encryptor, () => NOW))
    expect(
      await faultOf(() => restarted.feed(session, { offset: SIZE, end: 'true' }, inPieces(new Uint8Array()))),
    ).toMatchObject({ kind: 'conflict', code: 'tail-missing', extra: { acknowledged: SIZE } })
  })

  test('does not come from a body that is cut off', async () => {
    const bytes = noise(2 * SIZE, 1)
    async function* cutOff() {
      yield bytes.slice(0, SIZE + 7)
      throw new Fault('invalid', 'cut-off', 'the sender went away before the end of the body')
    }
    const broken = await faultOf(() => pipe.pipelines.feed(session, { offset: 0, end: 'true' }, cutOff()))
    expect(broken).toMatchObject({ code: 'cut-off' })
    expect(await durable()).toMatchObject({ last: false })
    await untilChunks(1)
    expect(await feed(SIZE, 'true', bytes.subarray(SIZE))).toEqual(state(2 * SIZE, 2 * SIZE, 2, true))
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })
})

test('a second stream of a session is refused while the first is being received', async () => {
  const first = Promise.withResolvers<void>()
  async function* slow() {
    yield noise(10, 1)
    await first.promise
  }
  const one = pipe.pipelines.feed(session, { offset: 0, end: 'true' }, slow())
  expect(await faultOf(() => feed(0, 'true', noise(10, 2)))).toMatchObject({ kind: 'conflict', code: 'stream-busy' })
  expect(await faultOf(() => pipe.pipelines.chunk(session, 0, { bytes: noise(10, 2), last: true }))).toMatchObject({
    code: 'stream-busy',
  })
  first.resolve()
  expect(await one).toEqual(state(10, 10, 1, true))
})

describe('a body that is refused', () => {
  test('costs a live stream nothing: it goes on from what it had received', async () => {
    const bytes = noise(3 * SIZE, 1)
    await feed(0, 'false', bytes.subarray(0, 2 * SIZE + 7))
    await untilChunks(2)
    for (const offset of [0, 1, 2 * SIZE - 1, 3 * SIZE])
      expect(await faultOf(() => feed(offset, 'true', noise(1, 1)))).toMatchObject({ code: 'offset-differs' })
    for (const [index, length, last] of [
      [0, SIZE, false],
      [3, SIZE, false],
      [2, SIZE - 1, false],
      [2, SIZE + 1, true],
    ] as const)
      expect(
        await faultOf(() => pipe.pipelines.chunk(session, index, { bytes: noise(length, 2), last })),
      ).toBeInstanceOf(Fault)
    expect(await feed(2 * SIZE + 7, 'true', bytes.subarray(2 * SIZE + 7))).toEqual(state(3 * SIZE, 3 * SIZE, 3, true))
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })

  test('is one that goes on behind the end, in however many pieces', async () => {
    const bytes = noise(2 * SIZE, 1)
    await feed(0, 'true', bytes)
    const longer = concat(bytes, noise(10, 2))
    expect(await faultOf(() => feed(0, 'true', longer, [SIZE, SIZE, 5]))).toMatchObject({ code: 'after-last' })
    expect(await feed(0, 'true', bytes, [SIZE])).toMatchObject({ complete: true })
  })
})

describe('the time at which bytes came', () => {
  test('is kept with the chunk that holds the last of them, and found by a chunker that was restarted', async () => {
    const bytes = noise(3 * SIZE, 1)
    for (const at of [0, 1, 2])
      await pipe.pipelines.feed(
        session,
        { offset: at * SIZE, end: 'false', last_byte_at: NOW + at * 1000 },
        inPieces(bytes.subarray(at * SIZE, (at + 1) * SIZE)),
      )
    await untilChunks(2)
    expect(await durable()).toMatchObject({ chunk_count: 2, last_byte_at: NOW + 1000 })
    const restarted = pipelines(pipelineParts(pipe.encryptor))
    expect(await restarted.progress(session)).toMatchObject({ received: 2 * SIZE, last_byte_at: NOW + 1000 })
    await feed(3 * SIZE, 'broken', new Uint8Array())
    expect(await durable()).toMatchObject({ chunk_count: 3, last_byte_at: NOW + 2000 })
  })
})

test('a chunk that fails ends the stream at once, though later ones wait for it at the encryptor', async () => {
  const full = new Fault('unavailable', 'disk-full', 'the disk is full; free space and the recording goes on')
  const later = Promise.withResolvers<void>()
  let waiting = 0
  const failing: Encryptor = {
    ...pipe.encryptor,
    encrypt: async (chunk, ...rest) => {
      if (chunk.index === 1) {
        await later.promise
        throw full
      }
      if (chunk.index > 1 && ++waiting === 2) later.resolve()
      return pipe.encryptor.encrypt(chunk, ...rest)
    },
  }
  const all = pipelines(pipelineParts(failing))
  const bytes = noise(4 * SIZE, 1)
  const refused = await faultOf(() => all.feed(session, { offset: 0, end: 'true' }, inPieces(bytes)))
  expect(refused).toBe(full)
  expect(await feed(SIZE, 'true', bytes.subarray(SIZE))).toEqual(state(4 * SIZE, 4 * SIZE, 4, true))
  expect(await pipe.plainOf(session)).toEqual(bytes)
})

describe('an encryptor that is away', () => {
  test('is waited for, and nothing is lost or written twice', async () => {
    const bytes = noise(6 * SIZE + 1, 1)
    const half = Promise.withResolvers<void>()
    async function* slow() {
      yield bytes.slice(0, 3 * SIZE)
      await half.promise
      yield bytes.slice(3 * SIZE)
    }
    const fed = pipe.pipelines.feed(session, { offset: 0, end: 'true' }, slow())
    await untilChunks(2)
    await pipe.shut()
    half.resolve()
    await Bun.sleep(20)
    await pipe.reopen()
    expect(await fed).toEqual(state(bytes.length, bytes.length, 7, true))
    expect(await pipe.plainOf(session)).toEqual(bytes)
  })

  test('for ever ends the stream with its fault, and the next try starts a new pipeline', async () => {
    const away = new Fault('unavailable', 'unreachable', 'session-encryptor cannot be reached; is it running?')
    let tries = 0
    const gone: Encryptor = {
      ...pipe.encryptor,
      encrypt: () => {
        tries++
        return Promise.reject(away)
      },
    }
    const all = pipelines({ ...pipelineParts(gone), pause: async () => {} })
    const bytes = noise(10, 1)
    const tried = await faultOf(() => all.feed(session, { offset: 0, end: 'true' }, inPieces(bytes)))
    expect({ tried, tries }).toEqual({ tried: away, tries: 41 })
    expect(await all.progress(session)).toEqual(state(0, 0, 0, false))
    expect(await feed(0, 'true', bytes)).toMatchObject({ complete: true })
  })

  test('is not asked again for what it refuses', async () => {
    await pipe.behind().sessions.seal(session)
    expect(await faultOf(() => feed(0, 'true', noise(10, 1)))).toMatchObject({
      kind: 'conflict',
      code: 'sealed',
      extra: { acknowledged: 0 },
    })
  })
})

test('a chunker whose session another one took over stops writing', async () => {
  const bytes = noise(4 * SIZE, 1)
  await feed(0, 'false', bytes.subarray(0, SIZE + 1))
  await untilChunks(1)
  const other = pipelines(pipelineParts(pipe.encryptor, () => NOW))
  await other.feed(session, { offset: SIZE, end: 'false' }, inPieces(bytes.subarray(SIZE, 2 * SIZE + 1)))
  while ((await durable()).chunk_count < 2) await Bun.sleep(1)
  expect(await faultOf(() => feed(SIZE + 1, 'true', bytes.subarray(SIZE + 1)))).toMatchObject({ code: 'fenced' })
  await other.feed(session, { offset: 2 * SIZE + 1, end: 'true' }, inPieces(bytes.subarray(2 * SIZE + 1)))
  expect(await pipe.plainOf(session)).toEqual(bytes)
})

describe('single chunks', () => {
  test('are taken in order, each durable when it is answered', async () => {
    expect(await pipe.pipelines.chunk(session, 0, { bytes: noise(SIZE, 1), last: false })).toEqual(
      state(SIZE, SIZE, 1, false),
    )
    expect(await pipe.pipelines.chunk(session, 1, { bytes: noise(5, 2), last: true })).toEqual(
      state(SIZE + 5, SIZE + 5, 2, true),
    )
    expect(await pipe.plainOf(session)).toEqual(concat(noise(SIZE, 1), noise(5, 2)))
  })

  test('out of order are refused with the one that is next', async () => {
    expect(await faultOf(() => pipe.pipelines.chunk(session, 1, { bytes: noise(SIZE, 1), last: false }))).toMatchObject(
      { kind: 'conflict', code: 'chunk-out-of-order', extra: { chunk_count: 0 } },
    )
  })

  test('of a wrong length are refused', async () => {
    for (const cut of [
      { bytes: noise(SIZE - 1, 1), last: false },
      { bytes: noise(SIZE + 1, 1), last: false },
      { bytes: noise(SIZE + 1, 1), last: true },
    ])
      expect(await faultOf(() => pipe.pipelines.chunk(session, 0, cut))).toMatchObject({
        kind: 'invalid',
        code: 'chunk-length',
      })
    expect((await durable()).chunk_count).toBe(0)
  })
})
