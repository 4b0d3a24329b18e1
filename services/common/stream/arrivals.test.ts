import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { arrivals } from './arrivals.ts'

test('tell when each byte came, as the plain model does, whatever was forgotten before it', () => {
  const pieces = fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), after: fc.constantFrom(0, 50, 51, 4000) }))
  fc.assert(
    fc.property(pieces, fc.nat({ max: 100 }), fc.nat({ max: 120 }), (given, start, forgotten) => {
      const came = arrivals(start, 7)
      const model = new Map([[start, 7]])
      let [end, at] = [start, 1000]
      for (const { size, after } of given) {
        at += after
        for (let byte = 1; byte <= size; byte++) model.set(end + byte, at)
        end += size
        came.add(end, at)
      }
      came.forget(forgotten)
      for (const [offset, time] of model) if (offset >= forgotten) expect(came.timeOf(offset)).toBe(time)
      expect(came.timeOf(end + 1)).toBeUndefined()
    }),
  )
})

test('of many small pieces take the memory of few, and are wrong by less than they are merged by', () => {
  const came = arrivals(0)
  for (let at = 0; at < 1000; at++) came.add(at + 1, at)
  for (let end = 1; end <= 1000; end++) {
    const wrong = (came.timeOf(end) ?? Number.NaN) - (end - 1)
    expect(wrong >= 0 && wrong < 50).toBe(true)
  }
})

test('know nothing of what came before them, unless it was said', () => {
  const came = arrivals(10)
  came.add(20, 5)
  expect([came.timeOf(10), came.timeOf(11), arrivals(10, 3).timeOf(10)]).toEqual([undefined, 5, 3])
})
