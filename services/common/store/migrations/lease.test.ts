import { afterEach, beforeEach, expect, test } from 'bun:test'
import { sqliteStore } from '../sqlite.ts'
import type { Store } from '../store.ts'
import { guarded } from './guard.ts'
import { holderOf, LEASE_MS, takeLease } from './lease.ts'

let store: Store
let time = 0
const now = () => time
const Notes = { name: 'notes', fields: {} } as const
const notes = (place: Store) => place.collection<{ readonly id: string }>(Notes)

beforeEach(() => {
  store = sqliteStore({ path: ':memory:' })
  time = 1_000
})
afterEach(() => store.close())

const take = (holder: string) => takeLease(store, { holder, now })

test('one of many that ask at once gets the lease, whether it is new or has run out', async () => {
  for (const round of [1, 2]) {
    const asked = await Promise.allSettled(['a', 'b', 'c', 'd'].map(take))
    expect(asked.filter(({ status }) => status === 'fulfilled').length).toBe(1)
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(Array(3).fill('migration-running'))
    expect(await holderOf(store, time)).toMatchObject({ fence: round, expires_at: time + LEASE_MS })
    time += LEASE_MS
  }
})

test('a refusal names the holder and until when', async () => {
  await take('pi4 process 12')
  await expect(take('another')).rejects.toMatchObject({
    message:
      'pi4 process 12 is migrating this store and holds it until 1970-01-01T00:00:31.000Z at least: wait for it, bun run migrate --status shows it',
  })
})

test('the fence grows with every holder, also after the lease was given back', async () => {
  for (const fence of [1, 2, 3]) {
    const lease = await take('a')
    expect(lease.fence).toBe(fence)
    await lease.release(store)
    expect(await holderOf(store, time)).toBeUndefined()
  }
})

test('a fenced write of a holder that was replaced is not kept, nor is its release', async () => {
  const old = await take('old')
  time += LEASE_MS
  const fresh = await take('new')
  const write = old.fenced(store, async (tx) => {
    await notes(tx).insert({ id: 'from the old one' })
  })
  await expect(write).rejects.toMatchObject({ kind: 'conflict', code: 'lease-lost' })
  await expect(old.release(store)).rejects.toMatchObject({ code: 'lease-lost' })
  await fresh.fenced(store, async (tx) => {
    await notes(tx).insert({ id: 'from the new one' })
  })
  expect(await notes(store).find()).toMatchObject([{ id: 'from the new one' }])
  expect(await holderOf(store, time)).toMatchObject({ holder: 'new', fence: 2 })
})

test('who took the lease again under the same name is another holder', async () => {
  const old = await take('a')
  time += LEASE_MS
  await take('a')
  time += LEASE_MS
  await expect(old.demand(store)).rejects.toMatchObject({ code: 'lease-lost' })
})

test('a lease that ran out and that nobody took is still its holder’s', async () => {
  const lease = await take('slow')
  time += 10 * LEASE_MS
  await lease.demand(store)
  expect(await holderOf(store, time)).toMatchObject({ holder: 'slow', expires_at: time + LEASE_MS })
})

test('it is renewed when a third of its time is over, and not at every call', async () => {
  const lease = await take('a')
  const mine = guarded(store, () => lease.demand(store))
  const start = time
  for (const [ms, expires] of [
    [0, start],
    [LEASE_MS / 3 - 1, start],
    [1, start + LEASE_MS / 3],
    [1, start + LEASE_MS / 3],
  ] as const) {
    time += ms
    await notes(mine).count()
    expect(await holderOf(store, time)).toMatchObject({ expires_at: expires + LEASE_MS })
  }
})

test('no call and no transaction of a guarded store goes on after the lease is lost', async () => {
  const lease = await take('old')
  const mine = guarded(store, () => lease.demand(store))
  await notes(mine).insert({ id: 'a' })
  time += LEASE_MS
  await take('new')
  const own = notes(mine)
  for (const call of [
    () => own.get('a'),
    () => own.find(),
    () => own.count(),
    () => own.insert({ id: 'b' }),
    () => own.insertMany([{ id: 'b' }], { onDuplicate: 'ignore' }),
    () => own.restore([{ id: 'b', rev: 1 }]),
    () => own.replace({ id: 'a' }, 1),
    () => own.remove('a'),
    () => own.claim({ where: {}, set: {} }),
    () => mine.transaction(async (tx) => notes(tx).insert({ id: 'b' })),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'lease-lost' })
  expect(await notes(store).find()).toEqual([{ id: 'a', rev: 1 }])
})

test('a migration cannot close the store that it is handed', async () => {
  await expect(guarded(store, async () => {}).close()).rejects.toMatchObject({ code: 'not-yours' })
  await store.ping()
})
