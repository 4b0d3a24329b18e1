import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { type Idempotency, idempotency } from './idempotency.ts'
import { tables } from './store.ts'

const asked = { person: 'TPerson', key: 'key-number-1', request: 'POST /x {}' }
const DAY = 24 * 3_600_000

describe('a request with an Idempotency-Key', () => {
  let store: Store
  let now: number
  let once: Idempotency
  let done: number
  const work = async () => ({ n: ++done })
  beforeEach(() => {
    store = sqliteStore({ path: ':memory:' })
    now = 1_760_000_000_000
    done = 0
    once = idempotency(tables(store).answers, { now: () => now, pause: Bun.sleep })
  })
  afterEach(() => store.close())

  test('is done once, however many ask at once, and answers the same after a restart', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => once.once(asked, work)))
    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ n: 1 })))
    const restarted = idempotency(tables(store).answers, { now: () => now, pause: Bun.sleep })
    expect(await restarted.once(asked, work)).toEqual({ n: 1 })
    expect(done).toBe(1)
  })

  test('is another one for another key or person', async () => {
    await once.once(asked, work)
    expect(await once.once({ ...asked, key: 'key-number-2' }, work)).toEqual({ n: 2 })
    expect(await once.once({ ...asked, person: 'TOther' }, work)).toEqual({ n: 3 })
  })

  test('that asks for something else under the same key is refused, also while the first runs', async () => {
    const other = { ...asked, request: 'POST /x {"a":1}' }
    const first = once.once(asked, work)
    expect(await faultOf(() => once.once(other, work))).toMatchObject({ code: 'idempotency-key-reused' })
    await first
    expect(await faultOf(() => once.once(other, work))).toMatchObject({ code: 'idempotency-key-reused' })
    expect(done).toBe(1)
  })

  test('that failed is done again', async () => {
    const fails = async () => {
      throw new Error('away')
    }
    expect(await faultOf(() => once.once(asked, fails))).toBeInstanceOf(Error)
    expect(await once.once(asked, work)).toEqual({ n: 1 })
  })

  test('whose process died in the middle is done again under the same id, once it gives no sign any more', async () => {
    const ids: string[] = []
    const dead = idempotency(tables(store).answers, { now: () => now, pause: () => new Promise<void>(() => {}) })
    void dead.once(asked, (id) => {
      ids.push(id)
      return new Promise<object>(() => {})
    })
    while (ids.length === 0) await Bun.sleep(1)
    let looks = 0
    const pause = async () => {
      if (++looks === 3) now += 10_000
    }
    const restarted = idempotency(tables(store).answers, { now: () => now, pause })
    const answer = await restarted.once(asked, async (id) => {
      ids.push(id)
      return work()
    })
    expect(answer).toEqual({ n: 1 })
    expect(looks).toBeGreaterThan(2)
    expect(ids[1]).toBe(ids[0] ?? '')
    now += 24 * 3_600_000
    await restarted.once(asked, async (id) => {
      ids.push(id)
      return work()
    })
    expect(ids[2]).not.toBe(ids[0] ?? '')
  })

  test('is forgotten after a day', async () => {
    await once.once(asked, work)
    now += DAY - 1
    expect(await once.sweep()).toBe(0)
    expect(await once.once(asked, work)).toEqual({ n: 1 })
    now += 1
    expect(await once.once(asked, work)).toEqual({ n: 2 })
    now += DAY
    expect(await once.sweep()).toBe(1)
  })
})
