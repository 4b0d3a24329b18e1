import { describe, expect, test } from 'bun:test'
import { sqliteStore } from '#common/store/sqlite'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs, testParts } from '#common/testing/app'
import { routes } from './routes.ts'
import { queue } from './store.ts'

const id = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
const anchor = {
  session_id: id,
  manifest_hash: 'aa'.repeat(32),
  started_at: 1_700_000_000_000,
  owner: 'bb'.repeat(20),
  merkle_root: 'cc'.repeat(32),
  chunk_count: 3,
}

const built = (poke = () => {}, parts = { ...testParts, guard: guardAs('session-orchestrator') }) =>
  routes({ queue: queue(sqliteStore({ path: ':memory:' })), poke, now: () => 1, sealed: async () => [], parts })

describe('POST /anchors', () => {
  test('queues an anchor, wakes the worker, and answers the same job to the same anchor', async () => {
    let pokes = 0
    const app = built(() => pokes++)
    const job = { session_id: id, state: 'queued', attempts: 0 }
    expect(await ask(app, 'POST', '/anchors', anchor)).toEqual({ status: 202, body: job })
    expect(pokes).toBe(1)
    expect(await ask(app, 'POST', '/anchors', anchor)).toEqual({ status: 202, body: job })
    expect(await ask(app, 'GET', `/anchors/${id}`)).toEqual({ status: 200, body: job })
  })

  test('of a known session with other content is a 409 problem', async () => {
    const app = built()
    await ask(app, 'POST', '/anchors', anchor)
    expect(await ask(app, 'POST', '/anchors', { ...anchor, merkle_root: 'dd'.repeat(32) })).toMatchObject({
      status: 409,
      body: { code: 'anchor-differs' },
    })
  })

  const wrong: readonly [string, object][] = [
    ['an upper-case session id', { session_id: id.toUpperCase() }],
    ['a session id of another version', { session_id: id.replace('-4f4b-', '-1f4b-') }],
    ['a short hash', { manifest_hash: 'aa' }],
    ['a prefixed hash', { merkle_root: `0x${'cc'.repeat(32)}` }],
    ['a hash of zeros, which the contract refuses', { manifest_hash: '00'.repeat(32) }],
    ['a root of zeros, which the contract refuses', { merkle_root: '00'.repeat(32) }],
    ['an owner that is no address body', { owner: 'TXYZ' }],
    ['no chunks', { chunk_count: 0 }],
    ['more chunks than the contract can hold', { chunk_count: 2 ** 21 }],
    ['a time that the contract cannot hold', { started_at: 2 ** 43 }],
    ['a negative time', { started_at: -1 }],
    ['an unknown field', { extra: 1 }],
    ['a missing field', { owner: undefined }],
  ]
  test.each(wrong)('with %s is a 400 problem', async (_name, change) => {
    expect(await ask(built(), 'POST', '/anchors', { ...anchor, ...change })).toMatchObject({
      status: 400,
      body: { code: 'bad-request' },
    })
  })
})

test('a full disk is a 503 problem; what was acknowledged stays', async () => {
  const store = sqliteStore({ path: ':memory:', maxBytes: 60_000 })
  const app = routes({
    queue: queue(store),
    poke: () => {},
    now: () => 1,
    sealed: async () => [],
    parts: { ...testParts, guard: guardAs('session-orchestrator') },
  })
  const numbered = (n: number) => ({ ...anchor, session_id: id.slice(0, -4) + n.toString(16).padStart(4, '0') })
  let [n, reply] = [0, await ask(app, 'POST', '/anchors', numbered(0))]
  while (reply.status === 202) reply = await ask(app, 'POST', '/anchors', numbered(++n))
  expect(reply).toMatchObject({ status: 503, body: { code: 'disk-full' } })
  expect(n).toBeGreaterThan(1)
  for (let known = 0; known < n; known++)
    expect(await ask(app, 'GET', `/anchors/${numbered(known).session_id}`)).toMatchObject({ status: 200 })
})

test('GET /anchors of an unknown session is a 404 problem, of no session a 400', async () => {
  expect(await ask(built(), 'GET', `/anchors/${id}`)).toMatchObject({ status: 404, body: { code: 'unknown-session' } })
  expect(await ask(built(), 'GET', '/anchors/x')).toMatchObject({ status: 400 })
})

test('every route refuses strangers', async () => {
  expect(
    await everyRouteRefusesStrangers(
      built(() => {}, { ...testParts, guard: closedGuard }),
      ['GET /sealed'],
    ),
  ).toBe(3)
})
