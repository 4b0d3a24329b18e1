import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bufferPool } from '#common/stream/buffer-pool'
import { noise } from '#common/testing/sample-session'
import { type Cut, cutter } from './cut.ts'

/** The plain model: a slice every `size` bytes; the last carries the flag. */
const model = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => ({
    hex: bytes.subarray(i * size, (i + 1) * size).toHex(),
    last: (i + 1) * size >= bytes.length,
  }))

const shown = ({ bytes, last }: Cut) => ({ hex: bytes.toHex(), last })

const cutUp = (bytes: Uint8Array, size: number, pieces: readonly number[]) => {
  const pool = bufferPool(size, 2)
  const cuts = cutter(size, pool)
  const out: ReturnType<typeof shown>[] = []
  const take = (cut: Cut) => {
    out.push(shown(cut))
    pool.give(cut.bytes) // as the pipeline does: a buffer that is used again must not show through
  }
  let at = 0
  for (const piece of [...pieces, bytes.length]) {
    for (const cut of cuts.push(bytes.subarray(at, at + piece))) take(cut)
    at += piece
  }
  const rest = cuts.end('true')
  if (rest) take(rest)
  return out
}

describe('the cutter', () => {
  test('cuts as the plain model does, for any stream, chunk size and piece sizes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 20 }),
        (bytes, size, pieces) => {
          expect(cutUp(bytes, size, pieces)).toEqual(model(bytes, size))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('keeps a full chunk back until it knows that it is not the last', () => {
    const cuts = cutter(4, bufferPool(4, 1))
    expect([...cuts.push(noise(4, 1))]).toEqual([])
    expect(cuts.buffered()).toBe(4)
    expect([...cuts.push(noise(1, 2))].map(shown)).toEqual([{ hex: noise(4, 1).toHex(), last: false }])
    expect(cuts.end('true')).toEqual({ bytes: noise(1, 2), last: true })
  })

  test('marks the end of a stream that broke off, without the last flag', () => {
    const cuts = cutter(4, bufferPool(4, 1))
    expect([...cuts.push(noise(3, 1))]).toEqual([])
    expect(cuts.end('broken')).toEqual({ bytes: noise(3, 1), last: false, broken: true })
  })

  test('has nothing left after its end, after nothing, and after it was dropped', () => {
    const cuts = cutter(4, bufferPool(4, 1))
    expect(cuts.end('true')).toBeUndefined()
    expect([...cuts.push(noise(2, 1))]).toEqual([])
    cuts.drop()
    expect({ buffered: cuts.buffered(), end: cuts.end('broken') }).toEqual({ buffered: 0, end: undefined })
  })
})
