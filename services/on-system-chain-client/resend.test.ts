import { expect, test } from 'bun:test'
import { resendSchedule } from './resend.ts'

test('what was sent is due again after a pause that grows with the attempts, at once after a restart', () => {
  let time = 0
  const schedule = resendSchedule(() => time)
  const pauseAfter = (attempts: number): number => {
    const sentAt = time
    schedule.markSent({ id: 'a', attempts })
    while (!schedule.isDue({ id: 'a' })) time += 500
    return time - sentAt
  }
  expect(schedule.isDue({ id: 'a' })).toBe(true)
  expect([0, 1, 2, 3, 50].map(pauseAfter)).toEqual([2_000, 4_000, 8_000, 16_000, 60_000])
  schedule.markSent({ id: 'a', attempts: 0 })
  expect([schedule.isDue({ id: 'a' }), schedule.isDue({ id: 'b' })]).toEqual([false, true])
  schedule.forget('a')
  expect(schedule.isDue({ id: 'a' })).toBe(true)
})
