import { expect, test } from 'bun:test'
import { clockReadings, clockSteps } from './clock.ts'

const MINUTE = 60_000

/** A machine whose clock can be set, and on which time passes. */
const machine = () => {
  let passed = 0
  let offset = 1_800_000_000_000
  return {
    clocks: { now: () => offset + passed, steady: () => passed },
    pass: (ms: number) => {
      passed += ms
    },
    set: (by: number) => {
      offset += by
    },
  }
}

test('a clock that was set is noticed once, by how much and in which direction', () => {
  const { clocks, pass, set } = machine()
  const step = clockSteps(clocks)
  pass(MINUTE)
  expect(step()).toBe(0)
  set(-10 * MINUTE)
  pass(5)
  expect([step(), step()]).toEqual([-10 * MINUTE, 0])
  set(MINUTE)
  expect(step()).toBe(MINUTE)
})

test('one that is slewed is not', () => {
  const { clocks, pass, set } = machine()
  const step = clockSteps(clocks)
  for (let day = 0; day < 100; day += 1) {
    set(500)
    pass(MINUTE)
    expect(step()).toBe(0)
  }
})

test('after it was set the time by the clock before is known for a while, however often it was set', () => {
  const { clocks, pass, set } = machine()
  const readings = clockReadings(clocks, MINUTE)
  const start = clocks.now()
  expect(readings()).toEqual([start])
  set(-10 * MINUTE)
  pass(1_000)
  expect(readings()).toEqual([start + 1_000 - 10 * MINUTE, start + 1_000])
  set(3 * MINUTE)
  pass(1_000)
  expect(readings()).toEqual([start + 2_000 - 7 * MINUTE, start + 2_000 - 10 * MINUTE, start + 2_000])
  pass(MINUTE - 1_000)
  expect(readings()).toHaveLength(2)
  pass(1_000)
  expect(readings()).toHaveLength(1)
})
