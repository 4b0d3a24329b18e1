import { afterEach, beforeEach, expect, test } from 'bun:test'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { erasures } from './erasures.ts'
import { tables } from './store.ts'

const WAIT = 1_000
let store: Store
let now = 0
let destroyed: string[]
let isAway = false
const made = () =>
  erasures({
    table: tables(store).erasures,
    now: () => now,
    wait: WAIT,
    destroy: async ({ id }) => {
      if (isAway) throw new Error('away')
      destroyed.push(id)
    },
  })
beforeEach(() => {
  store = sqliteStore({ path: ':memory:' })
  now = 1_760_000_000_000
  destroyed = []
  isAway = false
})
afterEach(() => store.close())
const session = { id: 's', state: 'anchored' }

test('the content is destroyed when its time has come, and not before', async () => {
  const all = made()
  const first = await all.ask(session, 'TOwner')
  now += 1
  expect(await all.ask(session, 'TOwner')).toEqual(first)
  expect(await all.sweep()).toBe(0)
  now = first.due
  expect(await all.sweep()).toBe(1)
  expect(destroyed).toEqual(['s'])
  expect((await all.find(['s'])).get('s')).toMatchObject({ state: 'erased', by: 'TOwner' })
  expect(await all.sweep()).toBe(0)
})

test('it can be taken back until then, and no longer', async () => {
  const all = made()
  await all.ask(session, 'TOwner')
  await all.undo('s')
  now += WAIT
  expect(await all.sweep()).toBe(0)
  expect(await faultOf(() => all.undo('s'))).toMatchObject({ code: 'not-erasing' })
  await all.ask(session, 'TOwner')
  now += WAIT
  expect(await faultOf(() => all.undo('s'))).toMatchObject({ code: 'erased' })
})

test('an encryptor that is away only delays it', async () => {
  const all = made()
  await all.ask(session, 'TOwner')
  now += WAIT
  isAway = true
  expect(await faultOf(() => all.sweep())).toBeInstanceOf(Error)
  isAway = false
  expect(await made().sweep()).toBe(1)
})

test('a session that is still written is not erased', async () => {
  for (const state of ['created', 'active', 'paused', 'finalizing'])
    expect(await faultOf(() => made().ask({ id: 's', state }, 'TOwner'))).toMatchObject({ code: 'still-recorded' })
})
