import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '#common/process/fault'
import { decodeCursor, encodeCursor, type Position, readPage } from './cursor.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const id = (n: number) => `a1b2c3d4-e5f6-4789-8abc-${n.toString(16).padStart(12, '0')}`

describe('a cursor', () => {
  test('says where a page ended, and nothing else is one', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), fc.nat(), (started_at, n) => {
        const position = { started_at, id: id(n) }
        expect(decodeCursor(encodeCursor(position))).toEqual(position)
      }),
    )
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        try {
          expect(encodeCursor(decodeCursor(text))).toBe(text)
        } catch (error) {
          expect(isFault(error, 'bad-cursor')).toBe(true)
        }
      }),
      { numRuns: 10_000 },
    )
  })

  test('leads through every list once and in order, however many began in one millisecond', async () => {
    const times = fc.array(fc.nat({ max: 30 }), { maxLength: 120 })
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 40 }), async (started, limit) => {
        const all = started
          .map((started_at, n): Position => ({ started_at, id: id(n) }))
          .toSorted((a, b) => b.started_at - a.started_at || (a.id < b.id ? 1 : -1))
        const ask = async ({ until = Infinity, limit: most }: { until?: number; limit: number }) =>
          all.filter(({ started_at }) => started_at <= until).slice(0, most)
        const read: Position[] = []
        let after: Position | undefined
        for (;;) {
          const { items, next } = await readPage(ask, { after, limit })
          expect(items.length).toBeLessThanOrEqual(limit)
          read.push(...items)
          if (next === undefined) break
          after = decodeCursor(next)
        }
        expect(read).toEqual(all)
      }),
    )
  })
})
