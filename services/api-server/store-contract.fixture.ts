import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { erasures } from './erasures.ts'
import { idempotency } from './idempotency.ts'
import { tables } from './store.ts'

const START = 1_760_000_000_000
const DAY = 24 * 3_600_000
const asked = { person: 'TPerson', key: 'key-number-1', request: 'POST /x {}' }

/** What api-server keeps, on a store of any kind. `open` gives an empty one, as two servers have it. */
export const apiStoreContract = (name: string, open: () => Promise<readonly [Store, Store]>): void => {
  describe(`${name} keeps what the API promises`, () => {
    let store: Store
    let other: Store
    let now: number
    beforeEach(async () => {
      ;[store, other] = await open()
      now = START
    })
    afterEach(async () => {
      for (const one of new Set([store, other])) await one.close()
    })
    const idempotent = (of: Store) => idempotency(tables(of).answers, { now: () => now, pause: () => Bun.sleep(1) })

    test('a request with a key is done once, answered the same after a restart, and forgotten after a day', async () => {
      let done = 0
      const work = async () => ({ n: ++done })
      const once = () => idempotent(store)
      const first = once()
      const answers = await Promise.all(Array.from({ length: 20 }, () => first.once(asked, work)))
      expect(answers).toEqual(Array.from({ length: 20 }, () => ({ n: 1 })))
      expect(await once().once(asked, work)).toEqual({ n: 1 })
      const another = { ...asked, request: 'POST /x {"a":1}' }
      expect(await faultOf(() => once().once(another, work))).toMatchObject({ code: 'idempotency-key-reused' })
      now += DAY
      expect(await once().sweep()).toBe(1)
      expect(await once().once(asked, work)).toEqual({ n: 2 })
    })

    test('of one key that comes to two servers at once the work is done once, and both answer the same', async () => {
      const servers = [idempotent(store), idempotent(other)]
      const done: string[] = []
      for (let round = 0; round < 20; round++) {
        const key = `key-number-${round}`
        const work = async () => {
          done.push(key)
          await Bun.sleep(round % 5)
          return { n: done.length }
        }
        const answers = await Promise.all(
          Array.from({ length: 6 }, (_, at) => servers[at % 2]?.once({ ...asked, key }, work)),
        )
        expect(answers).toEqual(Array.from({ length: 6 }, () => ({ n: round + 1 })))
      }
      expect(done).toHaveLength(20)
    })

    test('what failed at one server is done by the other that waited for it', async () => {
      const [one, two] = [idempotent(store), idempotent(other)]
      let fail = (_: Error) => {}
      const fails = one.once(asked, () => new Promise<object>((_, reject) => (fail = reject)))
      while ((await tables(other).answers.count()) === 0) await Bun.sleep(1)
      const waits = two.once(asked, async () => ({ by: 'two' }))
      fail(new Error('away'))
      expect(await faultOf(() => fails)).toBeInstanceOf(Error)
      expect(await waits).toEqual({ by: 'two' })
    })

    test('an erasure waits, is taken back or done, each once', async () => {
      const destroyed: string[] = []
      const all = erasures({
        table: tables(store).erasures,
        now: () => now,
        wait: DAY,
        destroy: async ({ id }) => destroyed.push(id),
      })
      await all.ask({ id: 'kept', state: 'anchored' }, 'TOwner')
      await all.ask({ id: 'gone', state: 'anchored' }, 'TOwner')
      await all.undo('kept')
      now += DAY
      expect([await all.sweep(), await all.sweep(), destroyed]).toEqual([1, 0, ['gone']])
      expect([...(await all.find(['kept', 'gone'])).keys()]).toEqual(['gone'])
    })
  })
}
