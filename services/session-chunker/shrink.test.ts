import { describe, expect, test } from 'bun:test'
import { compress, decompress } from '#common/engines/zstd'
import { noise } from '#common/testing/sample-session'
import { type Compress, sampled, shrink } from './shrink.ts'

const MIB = 1024 * 1024
const text = (size: number) => new Uint8Array(size).map((_, at) => 'Lucid records. '.charCodeAt(at % 15))

/** The real compressor, and the sizes and levels that it was asked for. */
const counting = () => {
  const asked: (readonly [size: number, level: number])[] = []
  const counted: Compress = (bytes, level) => {
    asked.push([bytes.length, level])
    return compress(bytes, level)
  }
  return { asked, counted }
}

describe('a chunk is shrunk', () => {
  test('where that makes it smaller, at the level that was asked for', async () => {
    const { asked, counted } = counting()
    const plain = text(10_000)
    const packed = await shrink(plain, 5, counted)
    expect(packed?.length).toBeLessThan(200)
    expect(await decompress(packed ?? plain, plain.length)).toEqual(plain)
    expect(asked).toEqual([[10_000, 5]])
  })

  test('not at all where it would stay as large', async () => {
    for (const size of [1, 5, 1024, 600_000]) expect(await shrink(noise(size, 1), 3, compress)).toBeUndefined()
  })

  test('when it is large, only after samples of it did', async () => {
    const { asked, counted } = counting()
    expect((await shrink(text(MIB), 3, counted))?.length).toBeLessThan(1000)
    expect(asked).toEqual([
      [128 * 1024, 1],
      [MIB, 3],
    ])
  })

  test('not even tried where samples of a large one do not', async () => {
    const { asked, counted } = counting()
    expect(await shrink(noise(MIB, 1), 3, counted)).toBeUndefined()
    expect(asked).toEqual([[128 * 1024, 1]])
  })
})

test('the samples of a chunk are its beginning, its end and six places between', () => {
  const bytes = new Uint8Array(MIB).map((_, at) => at >> 13)
  const places = Array.from({ length: 8 }, (_, i) => Math.floor((i * (MIB - 16_384)) / 7))
  const samples = sampled(bytes)
  expect(samples.length).toBe(8 * 16_384)
  for (const [i, from] of places.entries())
    expect(samples.subarray(i * 16_384, (i + 1) * 16_384)).toEqual(bytes.subarray(from, from + 16_384))
  expect(places[7]).toBe(MIB - 16_384)
})
