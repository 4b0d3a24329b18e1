import { expect, test } from 'bun:test'
import { type AfterEnd, decideAfterEnd, type UnitState } from './unit-state.ts'

const backoff = { first: 100, most: 1_000, calm: 10_000 }
type Facts = Partial<Omit<UnitState, 'unit' | 'run' | 'timer' | 'state'>>
const running = { isDesired: true, readyMs: 5, restarts: 0, crashes: 0, killRequested: false }

test.each<[string, Facts, number, AfterEnd]>([
  ['that is to be down is stopped', { isDesired: false }, 1, { kind: 'down', state: 'stopped' }],
  ['that was never healthy has failed', { readyMs: undefined }, 1, { kind: 'down', state: 'failed' }],
  ['that crashes starts again', {}, 1, { kind: 'restart', crashes: 1, delayMs: 100 }],
  [
    'that crashes while starting again is tried on',
    { readyMs: undefined, restarts: 1, crashes: 1 },
    1,
    { kind: 'restart', crashes: 2, delayMs: 200 },
  ],
  ['that lived long starts afresh', { crashes: 3 }, 10_000, { kind: 'restart', crashes: 1, delayMs: 100 }],
  [
    'that was killed on request crashed by no fault of its own',
    { crashes: 3, killRequested: true },
    1,
    { kind: 'restart', crashes: 0, delayMs: 100 },
  ],
])('a unit %s', (_, change, livedMs, after) => {
  expect(decideAfterEnd({ ...running, ...change }, livedMs, backoff)).toEqual(after)
})
