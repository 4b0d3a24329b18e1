import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readPages } from './session-pages.ts'

type Session = { readonly id: string; readonly started_at: number }

/** Answers as session-orchestrator does: newest first, ties in one order. */
const asking = (sessions: readonly Session[], queries: { readonly limit: number }[] = []) => {
  const sorted = sessions.toSorted((a, b) => b.started_at - a.started_at || a.id.localeCompare(b.id))
  return async ({ until = Number.POSITIVE_INFINITY, limit }: { until?: number; limit: number }) => {
    queries.push({ limit })
    return sorted.filter(({ started_at }) => started_at <= until).slice(0, limit)
  }
}
const collect = async (pages: AsyncIterable<readonly Session[]>): Promise<readonly Session[]> => {
  const all: Session[] = []
  for await (const page of pages) all.push(...page)
  return all
}

test('every session comes once, the newest first, however many started in one millisecond', async () => {
  const starts = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 350 })
  await fc.assert(
    fc.asyncProperty(starts, async (times) => {
      const sessions = times.map((started_at, n) => ({ id: `${n}`, started_at }))
      const all = await collect(readPages(asking(sessions), { most: Number.POSITIVE_INFINITY }))
      expect(all.map(({ id }) => id).toSorted()).toEqual(sessions.map(({ id }) => id).toSorted())
      expect(all.map(({ started_at }) => started_at)).toEqual(times.toSorted((a, b) => b - a))
    }),
  )
})

test('no more than asked for, and no page is asked for in vain', async () => {
  const sessions = Array.from({ length: 1_000 }, (_, n) => ({ id: `${n}`, started_at: n }))
  const queries: { readonly limit: number }[] = []
  const all = await collect(readPages(asking(sessions, queries), { most: 150 }))
  expect(all.map(({ id }) => id)).toEqual(
    sessions
      .toReversed()
      .slice(0, 150)
      .map(({ id }) => id),
  )
  expect(queries).toEqual([{ limit: 100 }, { limit: 51 }])
})
