import { expect, test } from 'bun:test'
import { authentication, NOW } from './fixture.ts'
import { REVOCATION_WINDOW } from './routes.ts'
import { tables } from './store.ts'

test('of more revocations than can be told the newest are told', async () => {
  const one = authentication()
  const { accounts, signIns } = tables(one.store)
  for (const at of [1, 2, 3]) {
    const times = { created_at: 0, generation: 0, rotated_at: 0, ends_at: NOW, ended_at: NOW - 3 + at }
    await accounts.insert({
      ...{ id: `T${at}`, roles: [], status: 'active', admin: false },
      ...{ created_at: 0, revoked_at: NOW - 3 + at },
    })
    await signIns.insert({ id: `s${at}`, address: 'T', device: '', methods: [], ...times })
  }
  expect(await one.signIns.revoked(REVOCATION_WINDOW, { addresses: 2, signIns: 2 })).toEqual([
    { address: 'T3', before: NOW },
    { address: 'T2', before: NOW - 1 },
    { session: 's3', before: NOW },
    { session: 's2', before: NOW - 1 },
  ])
})
