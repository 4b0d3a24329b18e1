import { describe, expect, test } from 'bun:test'
import { type AbsenceCause, findGap } from './absence.ts'

const gapOf = (cause: AbsenceCause, awayMs: number) =>
  findGap({ since: 10_000, steadySince: 3, cause }, { offset: 7, from: 9_000, steadyBackAt: 3 + awayMs, to: 20_000 })

describe('a time without a source', () => {
  test.each(['unbegun', 'paused'] as const)('that begins as %s is a gap from a second on', (cause) => {
    expect(gapOf(cause, 999)).toBeUndefined()
    expect(gapOf(cause, 1_000)).toMatchObject({ offset: 7, from: 9_000, to: 20_000 })
  })

  test.each(['cut', 'repeated', 'refused', 'restarted'] as const)('that begins as %s always is', (cause) => {
    expect(gapOf(cause, 0)).toMatchObject({ offset: 7, from: 9_000, to: 20_000 })
  })

  test('is told in words of its own for each cause', () => {
    const causes = ['unbegun', 'paused', 'cut', 'repeated', 'refused', 'restarted'] as const
    expect(new Set(causes.map((cause) => gapOf(cause, 5_000)?.reason)).size).toBe(causes.length)
  })
})
