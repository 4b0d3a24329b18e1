import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { Fault } from '#common/process/fault'
import { parseRange } from './byte-range.ts'
import { encodeEvent, parsePosition, parseSessionPosition } from './events.ts'
import { parseKey } from './idempotency.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(120_000)

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof Fault ? error.code : String(error)
  }
}

describe('a range of bytes', () => {
  test('is what RFC 9110 says it is', () => {
    const ranges = {
      'bytes=0-0': { from: 0, to: 0 },
      'bytes=5-': { from: 5, to: 9 },
      'bytes=-3': { from: 7, to: 9 },
      'bytes=-100': { from: 0, to: 9 },
      'bytes=8-100': { from: 8, to: 9 },
    }
    for (const [header, range] of Object.entries(ranges)) expect(parseRange(header, 10)).toEqual({ ...range, size: 10 })
    for (const header of ['bytes=10-', 'bytes=99-100', 'bytes=-0'])
      expect(codeOf(() => parseRange(header, 10))).toBe('range-not-satisfiable')
    for (const whole of [null, '', 'bytes=', 'bytes=-', 'bytes=5-3', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=0x1-2'])
      expect(parseRange(whole, 10)).toBeUndefined()
  })

  test('lies inside the bytes, whatever the header is', () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a % 20}-${b % 20}`),
    )
    fc.assert(
      fc.property(header, fc.nat({ max: 20 }), (text, size) => {
        try {
          const range = parseRange(text, size)
          if (range === undefined) return
          expect(range.from).toBeLessThanOrEqual(range.to)
          expect(range.to).toBeLessThan(size)
        } catch (error) {
          expect(error).toMatchObject({ code: 'range-not-satisfiable' })
        }
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('what a client says of itself', () => {
  const session = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
  test('is read in one form only', () => {
    expect(parseSessionPosition(null)).toBe(-1)
    expect(parseSessionPosition('12')).toBe(12)
    expect(parsePosition(`1760000000000.${session}.4`)).toEqual({ at: 1_760_000_000_000, session, seq: 4 })
    expect(parseKey('a-key-of-mine')).toBe('a-key-of-mine')
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['bad-event-id', 'none']).toContain(codeOf(() => parseSessionPosition(text)))
        expect(['bad-event-id', 'none']).toContain(codeOf(() => parsePosition(text)))
        expect(['bad-idempotency-key', 'none']).toContain(codeOf(() => parseKey(text)))
      }),
      { numRuns: 10_000 },
    )
  })
  test('an event is one event, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const lines = encodeEvent({ id: '1', event: 'session', data: { text } }).split('\n')
        expect(lines).toHaveLength(5)
        expect(JSON.parse(lines[2]?.slice('data: '.length) ?? '')).toEqual({ text })
      }),
    )
  })
})
