import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { appOfAll, ask, closedGuard, everyRouteRefusesStrangers, testParts } from '#common/testing/app'
import { follower } from './follower.ts'
import { routes } from './routes.ts'
import { CONTRACT, chainOf, chunkAnchored, OWNER, registered, served, session } from './scripted-chain.fixture.ts'

const built = (chain: Parameters<typeof served>[0], poke?: () => Promise<void>) => {
  const store = sqliteStore({ path: ':memory:' })
  const follow = follower({ store, read: served(chain), contract: CONTRACT, log: silentLog })
  const drain = async () => {
    while (await follow.step());
  }
  return appOfAll((guard) => routes({ store, follower: follow, poke: poke ?? drain, parts: { ...testParts, guard } }))
}

const other = '22'.repeat(20)
const chain = {
  blocks: chainOf([
    [],
    [registered(1), registered(2, other)],
    [registered(3), chunkAnchored(4, 0), chunkAnchored(4, 1)],
  ]),
}

describe('GET /anchors/:session', () => {
  test('looks at the ledger at once when the session is not known yet', async () => {
    const reply = await ask(built(chain), 'GET', `/anchors/${session(3)}`)
    expect(reply).toMatchObject({
      status: 200,
      body: { session_id: session(3), owner: OWNER, chunk_count: 4, block_number: 2, log_index: 0 },
    })
    expect(Object.keys(reply.body as object)).not.toContain('rev')
  })

  test('of a session without an anchor is a 404 problem', async () => {
    const reply = await ask(built(chain), 'GET', `/anchors/${session(9)}`)
    expect(reply).toMatchObject({ status: 404, body: { code: 'not-anchored' } })
  })

  test('is a 503 and never a 404 while the ledger cannot be asked', async () => {
    const app = built(chain, async () => {
      throw new Fault('unavailable', 'unreachable', 'away')
    })
    expect(await ask(app, 'GET', `/anchors/${session(1)}`)).toMatchObject({ status: 503 })
  })
})

describe('GET /anchors', () => {
  test('pages in chain order and filters by owner', async () => {
    const app = built(chain)
    await ask(app, 'GET', '/progress?fresh=true')
    const first = (await ask(app, 'GET', '/anchors?limit=2')).body as { anchors: unknown[]; next: number }
    expect(first.anchors).toMatchObject([{ session_id: session(1) }, { session_id: session(2) }])
    const second = await ask(app, 'GET', `/anchors?limit=2&after=${first.next}`)
    expect(second.body).toMatchObject({ anchors: [{ session_id: session(3) }] })
    expect(second.body).not.toHaveProperty('next')
    const owned = await ask(app, 'GET', `/anchors?owner=${other}`)
    expect(owned.body).toMatchObject({ anchors: [{ session_id: session(2) }] })
    const chunks = await ask(app, 'GET', `/anchors/${session(4)}/chunks?from=1`)
    expect(chunks.body).toMatchObject({ chunks: [{ index: 1 }] })
  })
})

describe('POST /replay and GET /progress', () => {
  test('a replay is accepted and its outcome shows in the progress', async () => {
    const app = built(chain)
    await ask(app, 'GET', '/progress?fresh=true')
    expect(await ask(app, 'POST', '/replay', { from: 1 })).toMatchObject({ status: 202, body: { until: 2 } })
    expect((await ask(app, 'GET', '/progress?fresh=true')).body).toMatchObject({
      indexed: 2,
      head: 2,
      caught_up: true,
      replay: { from: 1, done: true, checked: 5, differed: 0 },
    })
  })
})

describe('bad input', () => {
  const cases: readonly [string, string, unknown][] = [
    ['GET', '/anchors/not-a-session', undefined],
    ['GET', `/anchors/${session(1).toUpperCase()}`, undefined],
    ['GET', '/anchors?limit=0', undefined],
    ['GET', '/anchors?limit=1001', undefined],
    ['GET', '/anchors?owner=T123', undefined],
    ['GET', '/anchors?after=-1', undefined],
    ['GET', '/anchors?unknown=1', undefined],
    ['GET', `/anchors/${session(1)}/chunks?from=x`, undefined],
    ['GET', '/progress?fresh=maybe', undefined],
    ['POST', '/replay', {}],
    ['POST', '/replay', { from: -1 }],
    ['POST', '/replay', { from: 1.5 }],
    ['POST', '/replay', { from: 0, to: 9 }],
  ]
  test.each(cases)('%s %s with body %j is a 400 problem', async (method, path, body) => {
    expect(await ask(built(chain), method, path, body)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
  })
})

test('every route refuses strangers', async () => {
  const store = sqliteStore({ path: ':memory:' })
  const follow = follower({ store, read: served(chain), contract: CONTRACT, log: silentLog })
  const parts = { ...testParts, guard: closedGuard }
  const app = routes({ store, follower: follow, poke: async () => {}, parts })
  expect(await everyRouteRefusesStrangers(app, ['GET /sealed'])).toBe(5)
})
