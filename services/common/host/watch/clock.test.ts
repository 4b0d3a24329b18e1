import { expect, test } from 'bun:test'
import { countBoot, judgeClock, readBoot } from './clock.ts'

const MINUTE = 60_000
const boot = { id: 'one', at: 1_800_000_000_000 }
const history = (state?: string) => ({
  counts: countBoot(boot, new Map()),
  states: new Map(state === undefined ? [] : [['clock:machine', state]]),
})

test('the same start at another time is a clock that was set', () => {
  expect(judgeClock({ ...boot, at: boot.at - 10 * MINUTE }, history())).toMatchObject([
    { subject: 'clock:machine', state: 'warn', evidence: expect.stringContaining('set back by 10') },
  ])
  expect(judgeClock({ ...boot, at: boot.at + 60 * MINUTE }, history('ok'))).toMatchObject([
    { state: 'warn', evidence: expect.stringContaining('ahead by') },
  ])
})

test('a start is written down again only when it has moved', () => {
  const { counts } = history()
  expect(countBoot({ ...boot, at: boot.at + 900 }, counts).size).toBe(0)
  expect(countBoot({ ...boot, at: boot.at + 2_000 }, counts).size).toBe(1)
  expect(countBoot({ ...boot, id: 'two' }, counts).size).toBe(1)
})

test('another start, the first check and a clock that is slewed are no news; one that was set is well at the next check', () => {
  expect(judgeClock({ id: 'two', at: 0 }, history())).toEqual([])
  expect(judgeClock(boot, { counts: new Map(), states: new Map() })).toEqual([])
  expect(judgeClock({ ...boot, at: boot.at + 20_000 }, history())).toEqual([])
  expect(judgeClock(boot, history('warn'))).toMatchObject([{ subject: 'clock:machine', state: 'ok' }])
})

test('the start of this machine stays where it is while its clock is not set', () => {
  const now = Date.now()
  const before = readBoot(now)
  const after = readBoot(now + 1)
  expect(after.id).toBe(before.id)
  expect(readBoot(now - 10 * MINUTE).at).toBeLessThan(before.at - 9 * MINUTE)
})
