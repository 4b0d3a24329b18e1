import { describe, expect, test } from 'bun:test'
import { backoff, nextCrash, retry } from './backoff.ts'

test('pauses double, or grow by a factor, from the first up to the longest', () => {
  const pauses = (factor?: number) =>
    [0, 1, 2, 3, 10, 1000].map((failures) =>
      backoff(failures, { first: 250, most: 4000, ...(factor === undefined ? {} : { factor }) }),
    )
  expect(pauses()).toEqual([250, 500, 1000, 2000, 4000, 4000])
  expect(pauses(1.5)).toEqual([250, 375, 562.5, 843.75, 4000, 4000])
})

describe('the pause after a crash', () => {
  const policy = { first: 100, most: 1_000, calm: 10_000 }

  test('doubles with each crash that follows at once, up to the longest', () => {
    const pauses: number[] = []
    for (let i = 0, crashes = 0; i < 6; i++) {
      const next = nextCrash(policy, crashes, 5)
      pauses.push(next.delayMs)
      crashes = next.crashes
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  test('is the first again after a process that lived long enough', () => {
    expect(nextCrash(policy, 7, 10_000)).toEqual({ crashes: 1, delayMs: 100 })
  })

  test('is a number for a service that crashes for years', () => {
    expect(nextCrash(policy, 1_000_000, 5).delayMs).toBe(1_000)
  })
})

/** Calls that fail so often with 'away', then with `last` or not at all. */
const run = async (failures: number, options: { readonly tries?: number; readonly last?: string } = {}) => {
  const { last, ...rest } = options
  const log: unknown[] = []
  let calls = 0
  const work = async (before?: unknown) => {
    log.push(before)
    if (calls++ < failures) throw 'away'
    if (last !== undefined) throw last
    return 'done'
  }
  const outcome = await retry(work, {
    ...rest,
    isPassing: (error) => error === 'away',
    delay: (count) => count - 1,
    pause: async (ms) => void log.push(ms),
    onRetry: (error) => void log.push(`again after ${error}`),
  }).catch((error) => `thrown: ${error}`)
  return { outcome, log }
}

describe('a call that is tried again', () => {
  test('is made once when it goes well', async () => {
    expect(await run(0)).toEqual({ outcome: 'done', log: [undefined] })
  })

  test('gets the error before, and pauses as the failures say; no pause is none', async () => {
    expect(await run(2)).toEqual({
      outcome: 'done',
      log: [undefined, 'again after away', 'away', 'again after away', 1, 'away'],
    })
  })

  test('ends with the last error after all its tries', async () => {
    const { outcome, log } = await run(9, { tries: 2 })
    expect([outcome, log]).toEqual(['thrown: away', [undefined, 'again after away', 'away']])
  })

  test('ends at once with an error that does not pass', async () => {
    expect(await run(0, { last: 'refused' })).toEqual({ outcome: 'thrown: refused', log: [undefined] })
  })
})
