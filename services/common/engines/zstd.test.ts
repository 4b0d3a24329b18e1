import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { concat } from '../stream/bytes.ts'
import { compress, decompress } from './zstd.ts'
import { frameContentSize } from './zstd-frame.ts'

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no fault',
    (error) => error,
  )
const text = (size: number) => Uint8Array.from({ length: size }, (_, at) => 97 + (at % 13))

test('what was compressed comes back', async () => {
  for (const size of [0, 1, 255, 256, 257, 65_791, 65_792, 131_072, 1_000_000]) {
    const plain = text(size)
    const frame = await compress(plain, 3)
    expect(frame.buffer.byteLength).toBe(frame.length)
    expect((await decompress(frame, size)).toHex()).toBe(plain.toHex())
  }
})

test('a bomb is refused before it is unpacked', async () => {
  const bomb = await compress(new Uint8Array(64 * 1024 * 1024), 3)
  expect(bomb.length).toBeLessThan(10_000)
  const error = await faultOf(decompress(bomb, 8 * 1024 * 1024))
  expect(isFault(error, 'zstd-bomb')).toBe(true)
})

test('a frame that understates its size is refused', async () => {
  const frame = await compress(new Uint8Array(1_000_000), 3)
  const lie = frame.slice()
  new DataView(lie.buffer).setUint32(5, 1000, true)
  expect(lie[4]).toBe(0xa0)
  expect(isFault(await faultOf(decompress(lie, 2_000_000)))).toBe(true)
})

test('two frames, trailing bytes, a cut frame and a skippable frame are refused', async () => {
  const frame = await compress(text(5000), 3)
  const skippable = concat(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7), frame)
  for (const bad of [
    concat(frame, frame),
    concat(frame, Uint8Array.of(0)),
    frame.subarray(0, -1),
    skippable,
    new Uint8Array(),
  ])
    expect(isFault(await faultOf(decompress(bad, 20_000)), 'zstd-frame')).toBe(true)
})

test('the size of a frame is read without unpacking, and only where the frame fills its bytes', async () => {
  const frame = await compress(text(5000), 3)
  expect(frameContentSize(frame)).toBe(5000)
  for (const bad of [concat(frame, frame), concat(frame, Uint8Array.of(0)), frame.subarray(0, -1)])
    expect(isFault(await faultOf(Promise.try(() => frameContentSize(bad))), 'zstd-frame')).toBe(true)
})

test('random and damaged frames never give anything but a fault or the declared size', async () => {
  const frame = await compress(text(3000), 3)
  const damaged = fc
    .tuple(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => frame.map((byte, i) => (i === at ? byte ^ mask : byte)))
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), async (bytes) => {
      const result = await decompress(bytes, 4000).catch((error: unknown) => error)
      expect(result instanceof Uint8Array ? result.length <= 4000 : isFault(result)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
