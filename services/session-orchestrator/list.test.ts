import { expect, test } from 'bun:test'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { ask, testParts } from '#common/testing/app'
import { policies } from './policies.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'
import { worker } from './worker.ts'

const OWNER = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'

test('without a state, sessions of every state are listed', async () => {
  const store = sqliteStore({ path: ':memory:' })
  let made = 0
  const all = sessions({
    store,
    signingKey: new Uint8Array(32).fill(1),
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    now: () => ++made,
    newId: () => crypto.randomUUID(),
    openKey: async () => {},
    chunkSize: 8 * 1024 * 1024,
    maxActive: 10,
  })
  const sessionRequest = { owner: OWNER, recorder_version: 'lucid/1', device_fingerprint: '00'.repeat(32) }
  const [first, second] = [await all.create(sessionRequest), await all.create(sessionRequest)]
  await all.setState(first.id, { state: 'active' })
  const work = worker({ finish: async () => 'anchored', log: silentLog, pause: async () => {} })
  const rules = policies({ store, now: () => made, newId: () => crypto.randomUUID() })
  const app = routes({ store, sessions: all, policies: rules, worker: work, parts: testParts })
  const listed = async (query: string) =>
    (await ask(app, 'GET', `/sessions${query}`)).body as { sessions: readonly { id: string; state: string }[] }
  const states = ({ sessions: list }: Awaited<ReturnType<typeof listed>>) => list.map(({ id, state }) => [id, state])

  expect(states(await listed(''))).toEqual([
    [second.id, 'created'],
    [first.id, 'active'],
  ])
  expect(states(await listed('?state=active'))).toEqual([[first.id, 'active']])
  await store.close()
})
