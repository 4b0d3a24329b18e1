import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import type { StoreResult } from './store.ts'
import { storeReport } from './store-report.ts'

const timed = (what: string, ms: readonly number[]) => ({ what, about: 'how', ms })
const result: StoreResult = {
  store: 'MongoDB driver against DocumentDB',
  records: 1000,
  sessions: 3,
  insert_ms: 500,
  batches: timed('insert', [40, 60]),
  reads: [timed('lookup', [0.02, 0.3, 3]), timed('page of 1000', [3, 19.9, 20])],
  bytes: undefined,
  memory: { rss: 200.4, pss: 100 },
}

test('a bench of the store is told by name, rate, quantiles, target and distribution', () => {
  const lines = storeReport(result, plainStyle).raw.trimEnd().split('\n')
  expect(lines[0]).toBe(
    'MongoDB driver against DocumentDB: 1000 chunk records of 3 sessions, inserted in 500 ms: 2000 records/s',
  )
  expect(lines.find((line) => line.startsWith('lookup '))).toMatch(/ 3 +0\.30 +3\.00 +3\.00 +under 20$/)
  expect(lines.find((line) => line.startsWith('page of 1000 '))).toMatch(/ 19\.9 +20\.0 +20\.0 +NOT under 20$/)
  expect(lines).toContain('insert          ··    ··    ··    ··    ··    ··    ··    ··    ··    ██    ██    ··')
  expect(lines.at(-1)).toBe('on disk not known; peak memory of this process 200 MiB (PSS 100)')
})
