import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { erasures } from './erasures.ts'
import { idempotency } from './idempotency.ts'
import { tables } from './store.ts'

const START = 1_760_000_000_000
const DAY = 24 * 3_600_000
const asked = { person: 'TPerson', key: 'key-number-1', request: 'POST /x {}' }

/** What api-server keeps, on a store of any kind. `open` gives an empty one. */
export const apiStoreContract = (name: string, open: () => Promise<Store>): void => {
  describe(`${name} keeps what the API promises`, () => {
    let store: Store
    let now: number
    beforeEach(async () => {
      store = await open()
      now = START
    })
    afterEach(() => store.close())

    test('a request with a key is done once, answered the same after a restart, and forgotten after a day', async () => {
      let done = 0
      const work = async () => ({ n: ++done })
      const once = () => idempotency(tables(store).answers, () => now)
      const first = once()
      const answers = await Promise.all(Array.from({ length: 20 }, () => first.once(asked, work)))
      expect(answers).toEqual(Array.from({ length: 20 }, () => ({ n: 1 })))
      expect(await once().once(asked, work)).toEqual({ n: 1 })
      const other = { ...asked, request: 'POST /x {"a":1}' }
      expect(await faultOf(() => once().once(other, work))).toMatchObject({ code: 'idempotency-key-reused' })
      now += DAY
      expect(await once().sweep()).toBe(1)
      expect(await once().once(asked, work)).toEqual({ n: 2 })
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
