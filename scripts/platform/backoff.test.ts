import { expect, test } from 'bun:test'
import { nextBackoff } from './backoff.ts'

const policy = { firstMs: 100, maxMs: 1_000, calmMs: 10_000 }

test('the wait doubles with each crash that follows at once, up to the limit', () => {
  const waits: number[] = []
  let crashes = 0
  for (let i = 0; i < 6; i++) {
    const next = nextBackoff(policy, crashes, 5)
    waits.push(next.delayMs)
    crashes = next.crashes
  }
  expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000])
})

test('a process that lived long enough begins anew', () => {
  expect(nextBackoff(policy, 7, 10_000)).toEqual({ crashes: 1, delayMs: 100 })
})

test('a service that crashes for years still gets a number', () => {
  expect(nextBackoff(policy, 1_000_000, 5).delayMs).toBe(1_000)
})
