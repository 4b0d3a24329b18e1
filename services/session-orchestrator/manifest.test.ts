import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { sessionRequest } from './fixture.ts'
import { findGaps } from './manifest.ts'
import { finalizeSession, newSession } from './transitions.ts'

const SIZE = 1024
const time = fc.integer({ min: 0, max: 10_000 })
const gap = fc.record({
  offset: fc.nat({ max: 20 * SIZE }),
  from: time,
  to: time,
  reason: fc.constant('the source was cut off'),
})

test('gaps lie inside the session, in order and disjoint, however its clocks were set meanwhile', () => {
  fc.assert(
    fc.property(
      time,
      time,
      time,
      fc.array(gap, { maxLength: 8 }),
      fc.nat({ max: 10 }),
      fc.boolean(),
      (started, ended, lastByteAt, gaps, chunks, last) => {
        const open = newSession(sessionRequest, { id: 's', public_key: '', chunk_size: SIZE }, started)
        const { next } = finalizeSession(open, { complete: last, ended_at: ended, gaps }, 10_000)
        const durable = { chunk_count: chunks, total_plain: chunks * SIZE, total_cipher: 0, last }
        const stated = findGaps(next, { ...durable, last_byte_at: lastByteAt })
        let [at, free] = [0, next.started_at]
        for (const one of stated) {
          expect([one.at >= at, one.from >= free, one.to >= one.from]).toEqual([true, true, true])
          ;[at, free] = [one.at, one.to]
        }
        expect(free <= (next.ended_at ?? 0)).toBe(true)
        expect(stated.filter((one) => one.at === chunks).length).toBe(last ? 0 : 1)
      },
    ),
  )
})
