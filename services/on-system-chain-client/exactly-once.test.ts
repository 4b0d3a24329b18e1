import { describe, expect, test } from 'bun:test'
import { caseCount } from '#common/testing/extent'
import { fakeChain, type Mishap } from './fake-chain.fixture.ts'
import { account, request, setUp } from './worker.fixture.ts'

/** A small deterministic generator (mulberry32), so that a failing schedule can be run again by its seed. */
const dice = (seed: number) => {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

describe('exactly once', () => {
  test.each(Array.from({ length: caseCount(60) }, (_, seed) => seed))(
    'whatever is lost, repeated, forgotten or reorganised, and whenever the process dies (schedule %p)',
    async (seed) => {
      const roll = dice(seed)
      const fake = fakeChain(account)
      const { jobs, born, later } = setUp(fake, 2)
      const fates: readonly Mishap[] = ['none', 'none', 'none', 'not-sent', 'reply-lost']
      fake.befall(() => fates[Math.floor(roll() * fates.length)] ?? 'none')
      let [alive, added] = [born(), 0]
      const events: readonly (() => unknown)[] = [
        () => jobs.add(request(added++), added),
        () => jobs.add(request(Math.floor(roll() * added)), 0),
        () => fake.mine(),
        () => fake.mine(),
        () => fake.reorganise(roll() < 0.5 ? 'pool' : 'forget'),
        () => fake.forgetPool(),
        () => later(),
        () => {
          alive = born()
        },
      ]
      for (let step = 0; step < 200; step++) {
        if (roll() < 0.5) await events[Math.floor(roll() * events.length)]?.()
        else await alive.round().catch(() => {})
      }
      fake.befall(() => 'none')
      for (let rest = 0; rest < 40; rest++) {
        later()
        await alive.round()
        fake.mine()
      }
      const total = await jobs.counts()
      expect(total).toEqual({ queued: 0, submitted: 0, anchored: total.anchored, refused: 0 })
      for (let n = 0; n < total.anchored; n++) {
        expect(fake.registrations(request(n).session_id)).toBe(1)
        expect(fake.has(String((await jobs.get(request(n).session_id))?.tx_hash))).toBe(true)
      }
    },
  )
})
