import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { noise } from '#common/testing/sample-session'
import { streamOf } from './input.ts'
import { streamInput } from './stream-input.ts'

const read = (stream: ReadableStream<Uint8Array>) => new Response(stream).bytes()

const stream = (...args: Parameters<typeof inPieces>) => streamOf(inPieces(...args))

/** Bytes in pieces of any size, and then whatever `end` does. */
async function* inPieces(bytes: Uint8Array, size: number, end: () => unknown = () => {}) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  await end()
}

test('all of it is given, and again from any place that is not acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(3_000_000), fc.integer({ min: 1, max: 900_000 }), fc.nat(), async (size, step, at) => {
      const bytes = noise(size, 1)
      const input = streamInput(stream(bytes, step + 1000))
      expect((await read(input.from(0))).toHex()).toBe(bytes.toHex())
      const offset = at % (size + 1)
      expect((await read(input.from(offset))).toHex()).toBe(bytes.subarray(offset).toHex())
      expect(await input.fault()).toBeUndefined()
    }),
    { numRuns: 10 },
  )
})

test('of a source that breaks off all that came is given, and the break is stated, not taken for its end', async () => {
  const bytes = noise(2_500_000, 2)
  const input = streamInput(
    stream(bytes, 100_000, () => {
      throw Object.assign(new Error('read failed'), { code: 'EIO' })
    }),
  )
  expect((await read(input.from(0))).length).toBe(2_500_000)
  expect(await input.fault()).toMatch(/^the input could not be read on after byte 2500000 \(EIO\)$/)
  expect((await read(input.from(2_400_000))).length).toBe(100_000)
})

test('stopped, it gives all that was read and ends, though its source never does', async () => {
  const given = Promise.withResolvers<void>()
  const input = streamInput(
    stream(noise(1_234_567, 3), 50_000, () => {
      given.resolve()
      return new Promise(() => {})
    }),
    { drainMs: 1 },
  )
  const all = read(input.from(0))
  await given.promise
  input.stop('stopped by SIGINT')
  expect((await all).length).toBe(1_234_567)
  expect(await input.fault()).toBe('stopped by SIGINT')
  await input.close()
})

test('stopped, it still takes what its source had on the way until that ends', async () => {
  const stopped = Promise.withResolvers<void>()
  async function* source() {
    yield noise(10, 1)
    await stopped.promise
    yield noise(7, 2)
  }
  const input = streamInput(streamOf(source()), { drainMs: 60_000 })
  const all = read(input.from(0))
  input.stop('stopped by SIGTERM')
  stopped.resolve()
  expect((await all).length).toBe(17)
  expect(await input.fault()).toBe('stopped by SIGTERM')
  await input.close()
})

test('a source that knows more of its end than the end itself is asked', async () => {
  const input = streamInput(stream(noise(5, 1), 5), { endFault: async () => 'the producer exited with 3' })
  await read(input.from(0))
  expect(await input.fault()).toBe('the producer exited with 3')
})

test('what a slow source gave goes on its way before it gives more', async () => {
  const came = Promise.withResolvers<void>()
  async function* source() {
    yield noise(10, 1)
    await came.promise
    yield noise(5, 2)
  }
  const reader = streamInput(streamOf(source())).from(0).getReader()
  expect((await reader.read()).value).toHaveLength(10)
  came.resolve()
  expect((await reader.read()).value).toHaveLength(5)
})

test('a body that was given up takes no byte from the one that follows it', async () => {
  const more = Promise.withResolvers<void>()
  async function* source() {
    yield noise(10, 1)
    await more.promise
    yield noise(1_000_000, 2)
    yield noise(1_000_000, 3)
  }
  const input = streamInput(streamOf(source()))
  const given = input.from(0).getReader()
  await given.read()
  const waiting = given.read()
  const all = read(input.from(0))
  more.resolve()
  expect((await all).length).toBe(2_000_010)
  expect((await waiting).done).toBe(false)
})
