import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bufferFiller } from './buffer-filler.ts'
import { bufferPool } from './buffer-pool.ts'

describe('the filler', () => {
  test('loses, repeats and reorders no byte, whatever the size of pieces and buffers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 16 }),
        (pieces, size) => {
          const pool = bufferPool(size, 1)
          const filler = bufferFiller(size, pool)
          const out: number[] = []
          const takeOut = () => {
            const bytes = filler.take()
            if (bytes === undefined) return
            out.push(...bytes)
            pool.give(bytes)
          }
          for (const piece of pieces)
            for (let rest: Uint8Array = piece; rest.length > 0; ) {
              rest = filler.put(rest)
              expect(rest.length > 0 && !filler.isFull()).toBe(false)
              if (filler.isFull()) takeOut()
            }
          expect(filler.filled()).toBeLessThan(size)
          takeOut()
          expect(out).toEqual(pieces.flatMap((piece) => [...piece]))
        },
      ),
    )
  })

  test('takes a buffer when the first byte comes, and not before', () => {
    let buffers = 0
    const pool = { ...bufferPool(4, 1), take: () => new Uint8Array(4 + 0 * ++buffers) }
    const filler = bufferFiller(4, pool)
    filler.put(new Uint8Array())
    expect([buffers, filler.take()]).toEqual([0, undefined])
    filler.put(Uint8Array.of(1))
    expect([buffers, filler.take()]).toEqual([1, Uint8Array.of(1)])
  })

  test('gives its memory back when it is dropped', () => {
    const pool = bufferPool(4, 1)
    const filler = bufferFiller(4, pool)
    filler.put(Uint8Array.of(1, 2))
    filler.drop()
    expect([filler.filled(), filler.take()]).toEqual([0, undefined])
    expect(pool.take()).toEqual(Uint8Array.of(1, 2, 0, 0))
  })
})
