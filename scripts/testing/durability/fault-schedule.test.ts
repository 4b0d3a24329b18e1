import { expect, test } from 'bun:test'
import {
  chainSide,
  LONGEST_AWAY,
  phases,
  pipeline,
  scheduleDatabaseFaults,
  scheduleServiceFaults,
} from './fault-schedule.ts'
import { seeded } from './random.ts'

test('a seed gives the same kills every time, and another seed others', () => {
  for (const schedule of [scheduleServiceFaults, scheduleDatabaseFaults]) {
    expect<unknown>(schedule(50, seeded(7))).toEqual(schedule(50, seeded(7)))
    expect<unknown>(schedule(50, seeded(7))).not.toEqual(schedule(50, seeded(8)))
  }
})

test('fifty kills hit each pipeline service ten times and the chain side ten times in all', () => {
  const victims = scheduleServiceFaults(50, seeded(1)).map(({ service }) => service)
  const kills = (name: string) => victims.filter((one) => one === name).length
  expect(pipeline.map(kills)).toEqual([10, 10, 10, 10, 10])
  expect(chainSide.map(kills)).toEqual([2, 2, 2, 2, 2])
})

test.each([20, 50])('each pipeline service is killed in every phase by %d kills', (kills) => {
  const faults = scheduleServiceFaults(kills, seeded(1))
  for (const service of pipeline)
    expect(new Set(faults.filter((one) => one.service === service).map(({ phase }) => phase))).toEqual(new Set(phases))
})

test('however few the kills, everything is killed once', () => {
  const victims = scheduleServiceFaults(5, seeded(1)).map(({ service }) => service)
  expect(victims.toSorted()).toEqual([...pipeline, ...chainSide].toSorted())
})

test('the database is killed in every phase alike, and stays away for anything between no time and eight seconds', () => {
  const faults = scheduleDatabaseFaults(400, seeded(1))
  for (const phase of phases) expect(faults.filter((one) => one.phase === phase)).toHaveLength(100)
  const away = faults.map((one) => one.away)
  expect(Math.min(...away)).toBeLessThan(500)
  expect(Math.max(...away)).toBeGreaterThan(LONGEST_AWAY - 500)
  expect(away.filter((ms) => ms < 0 || ms > LONGEST_AWAY)).toEqual([])
})
