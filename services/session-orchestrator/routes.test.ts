import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type AuditEvent, nextEvent } from '#common/evidence/audit-event'
import { FLAG_LAST } from '#common/evidence/chunk-file'
import { manifestHash, parseManifest } from '#common/evidence/manifest'
import type { Session } from '#common/http/session-view'
import { Fault } from '#common/process/fault'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs } from '#common/testing/app'
import { identities } from '#common/testing/identities'
import { noise } from '#common/testing/sample-session'
import { encryptInto, OWNER, ownFolder } from '#services/session-encryptor/fixture'
import { chainFault } from './audit.ts'
import { backends, NOW, type OrchestratorOptions, orchestratorFor, scriptedChain, sessionRequest } from './fixture.ts'
import { tables } from './store.ts'

const { root, remove } = ownFolder()
const who = identities()
let behind: Awaited<ReturnType<typeof backends>>
beforeAll(async () => {
  behind = await backends(root, who)
})
afterAll(async () => {
  await behind.stop()
  remove()
})

const opened = (options: Partial<OrchestratorOptions> = {}) => {
  const chain = scriptedChain()
  return { chain, ...orchestratorFor({ urls: behind.urls, who, chain, ...options }) }
}
type Opened = ReturnType<typeof opened>

const create = async ({ app }: Pick<Opened, 'app'>) => {
  const { status, body } = await ask(app, 'POST', '/sessions', sessionRequest)
  expect(status).toBe(200)
  return body as Session
}
const record = async (id: string, chunks: number) => {
  const { epoch } = await behind.encryptor.sessions.openWriter(id)
  const app = behind.encryptor.appFor(guardAs('session-chunker'))
  for (let index = 0; index < chunks; index++)
    await encryptInto(
      app,
      { session: id, index, epoch, flags: index === chunks - 1 ? FLAG_LAST : 0 },
      noise(1024, index),
    )
}
const until = async ({ app }: Pick<Opened, 'app'>, id: string, state: string) => {
  for (;;) {
    const { body } = await ask(app, 'GET', `/sessions/${id}`)
    if ((body as Session).state === state) return body as Session
    await Bun.sleep(1)
  }
}
const refused = (status: number, code: string) => ({ status, body: { code } })

describe('session-orchestrator', () => {
  test('refuses strangers on every route of its own', async () => {
    expect(await everyRouteRefusesStrangers(opened().appFor(closedGuard))).toBe(19)
  })

  test('lets only those change a session who record it', async () => {
    const { appFor } = opened()
    const id = crypto.randomUUID()
    const routes: readonly (readonly [path: string, body: unknown, only: string])[] = [
      ['/sessions', sessionRequest, 'session-recorder'],
      [`/sessions/${id}/state`, { state: 'active' }, 'session-recorder'],
      [`/sessions/${id}/finalize`, { complete: true }, 'session-recorder'],
    ]
    for (const [path, body] of routes)
      expect(await ask(appFor(guardAs('operator')), 'POST', path, body)).toMatchObject({
        status: 403,
        body: { code: 'caller-not-allowed', detail: 'this route is for session-recorder only' },
      })
    expect(await ask(appFor(guardAs('stranger')), 'POST', '/orchestrator/process', { session: id })).toMatchObject(
      refused(403, 'caller-not-allowed'),
    )
  })

  test('opens the session of an id once, and none of somebody else’s under it', async () => {
    const one = opened()
    const chosen = { ...sessionRequest, id: crypto.randomUUID() }
    const first = await ask(one.app, 'POST', '/sessions', chosen)
    expect(first).toMatchObject({ status: 200, body: { id: chosen.id, state: 'created' } })
    expect(await ask(one.app, 'POST', '/sessions', chosen)).toEqual(first)
    const other = { ...chosen, owner: 'TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH' }
    expect(await ask(one.app, 'POST', '/sessions', other)).toMatchObject(refused(409, 'session-exists'))
  })

  test('opens a session with its own id, keys and place at the encryptor', async () => {
    const one = opened({ now: () => NOW })
    const session = await create(one)
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      state: 'created',
      owner: OWNER,
      participants: [],
      observers: [],
      started_at: NOW,
      chunk_size: 1024,
      gaps: [],
    })
    expect(await behind.encryptor.sessions.progress(session.id)).toMatchObject({ chunk_size: 1024, chunk_count: 0 })
    const other = await create(one)
    const docs = await Promise.all([session.id, other.id].map((id) => tables(one.store).sessions.get(id)))
    expect(new Set(docs.map((doc) => doc?.public_key)).size).toBe(2)
  })

  test('takes a session through its life, and shows it to whoever may ask', async () => {
    const one = opened()
    const operator = one.appFor(guardAs('operator'))
    const { id } = await create(one)
    expect(await ask(one.app, 'POST', `/sessions/${id}/state`, { state: 'active' })).toMatchObject({
      status: 200,
      body: { state: 'active' },
    })
    expect(await ask(operator, 'GET', `/sessions/${id}/manifest`)).toMatchObject(refused(409, 'not-sealed-yet'))
    await record(id, 3)
    expect(await ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: true, total_plain: 3072 })).toMatchObject(
      { status: 202, body: { id, state: 'finalizing', pipeline: 'initialized' } },
    )
    const done = await until(one, id, 'anchored')
    const { body } = await ask(operator, 'GET', `/sessions/${id}/manifest`)
    const signed = body as { manifest: string; alg: string; public_key: string; signature: string }
    expect(Object.keys(signed).toSorted()).toEqual(['alg', 'manifest', 'public_key', 'signature'])
    expect(parseManifest(utf8(signed.manifest))).toMatchObject({ session_id: id, chunk_count: 3 })
    expect(manifestHash(utf8(signed.manifest)).toHex()).toBe(done.manifest_hash ?? '')
    const told = await ask(operator, 'GET', `/sessions/${id}/audit`)
    const { events } = told.body as { events: AuditEvent[] }
    expect(events.map(({ type }) => type)).toEqual([
      'created',
      'active',
      'recording-ended',
      'chunk-times',
      'sealed',
      'anchored',
    ])
    expect(chainFault(id, events)).toBeUndefined()
    const page = await ask(operator, 'GET', `/sessions/${id}/audit?after=1&limit=2`)
    expect(page.body).toEqual({ events: events.slice(2, 4) })
    expect(one.chain.jobs.size).toBe(1)

    // Whoever reads an edited chain is told where it breaks.
    const { audit } = tables(one.store)
    const docs = await audit.find({ where: { session: id }, sort: [['seq', 'asc']] })
    const withEdit = async (seq: number, edit: object | undefined, path = '') => {
      const { rev, ...doc } = docs[seq] as (typeof docs)[number]
      await audit.remove(doc.id)
      if (edit !== undefined) await audit.insert({ ...doc, ...edit })
      const { body } = await ask(operator, 'GET', `/sessions/${id}/audit${path}`)
      if (edit !== undefined) await audit.remove(doc.id)
      await audit.insert(doc)
      return body as { events: AuditEvent[]; fault?: { seq: number; detail: string }; code?: string }
    }
    const forged = await withEdit(2, { body: { complete: false } })
    expect(forged.fault).toEqual({ seq: 2, detail: 'event 2 (recording-ended): its body was altered' })
    expect(forged.events).toHaveLength(events.length)
    const at = 1
    for (const [seq, edit, path, detail] of [
      [3, { at }, '?after=1', 'event 3 (chunk-times) was altered'],
      [3, { at }, '?after=3', undefined],
      [2, undefined, '', 'event 3 stands where event 2 belongs'],
      [2, undefined, '?after=2', 'event 3 does not follow the one before it'],
      [0, undefined, '?limit=1', 'event 1 stands where event 0 belongs'],
    ] as const)
      expect([seq, path, (await withEdit(seq, edit, path)).fault?.detail]).toEqual([seq, path, detail])
    expect(await withEdit(1, { type: 'forged' })).toMatchObject({
      code: 'audit-altered',
      detail: 'event 1 was altered: it is no event any more',
    })
    for (const seq of [5, 4]) await audit.remove(`${id}/${seq}`)
    for (const path of ['', '?after=1', '?after=3'])
      expect((await ask(operator, 'GET', `/sessions/${id}/audit${path}`)).body).toMatchObject({
        fault: { seq: 4, detail: 'event 4 and all behind it are missing' },
      })
    const again = events[4] as AuditEvent
    const other = nextEvent(id, events[3], { type: 'sealed', body: {}, at, salt: again.salt ?? '' })
    await audit.insert({ id: `${id}/4`, session: id, ...other })
    expect((await ask(operator, 'GET', `/sessions/${id}/audit`)).body).toMatchObject({
      fault: { seq: 4, detail: 'event 4 (sealed) is not the one that the manifest names' },
    })
  })

  test('ends a session once', async () => {
    const one = opened()
    const { id } = await create(one)
    await record(id, 1)
    const end = () => ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: true })
    const both = await Promise.all([end(), end()])
    expect(both.map(({ status }) => status).toSorted()).toEqual([202, 409])
    await until(one, id, 'anchored')
    expect(await end()).toMatchObject({
      status: 409,
      body: { code: 'already-finalized', detail: 'this session is anchored; it ends only once', state: 'anchored' },
    })
    expect(one.chain.jobs.size).toBe(1)
  })

  test('finishes a session whose end was kept although the answer of the store was lost', async () => {
    const store = sqliteStore({ path: ':memory:' })
    let lost = false
    const flaky: Store = {
      ...store,
      transaction: async (work) => {
        const result = await store.transaction(work)
        if (lost) throw new Fault('unavailable', 'store-commit-unknown', 'the answer was lost')
        return result
      },
    }
    const one = opened({ store: flaky })
    const { id } = await create(one)
    await record(id, 2)
    const end = () => ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: true })
    lost = true
    expect(await end()).toMatchObject(refused(503, 'store-commit-unknown'))
    lost = false
    expect(one.worker.inWork()).toBe(0)
    expect(await end()).toMatchObject(refused(409, 'already-finalized'))
    expect(await until(one, id, 'anchored')).toMatchObject({ complete: true, chunk_count: 2 })
  })

  test('fails a session in which nothing was recorded', async () => {
    const one = opened()
    const { id } = await create(one)
    await ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: false, reason: 'a recording of zero bytes' })
    expect(await until(one, id, 'failed')).toMatchObject({
      error: 'nothing was recorded: no chunk was ever acknowledged',
    })
    expect(await ask(one.app, 'GET', `/sessions/${id}/manifest`)).toMatchObject(refused(409, 'never-sealed'))
  })

  test('keeps a session anchoring while the chain is away, and other sessions go on', async () => {
    const one = opened()
    one.chain.is('away')
    const { id } = await create(one)
    await record(id, 1)
    await ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: true })
    await until(one, id, 'anchoring')
    expect(await ask(one.app, 'GET', '/orchestrator/status')).toMatchObject({
      status: 200,
      body: { by_state: { anchoring: 1, anchored: 0 }, in_work: 1 },
    })
    expect((await ask(one.app, 'GET', `/sessions/${id}/manifest`)).status).toBe(200)
    await create(one)
    one.chain.is('anchors')
    await until(one, id, 'anchored')
    expect(one.chain.jobs.size).toBe(1)
  })

  test('goes on, when it is told to, with a session that another process left', async () => {
    const store = opened().store
    const dead = opened({ store })
    const { id } = await create(dead)
    await record(id, 1)
    await dead.sessions.finalize(id, { complete: true })
    const alive = opened({ store })
    const operator = alive.appFor(guardAs('operator'))
    expect(await ask(operator, 'POST', '/orchestrator/process', { session: id })).toMatchObject({ status: 202 })
    await until(alive, id, 'anchored')
  })

  test('knows no session that nobody opened', async () => {
    const { app } = opened()
    const id = crypto.randomUUID()
    const asked: readonly (readonly [method: string, path: string, body?: unknown])[] = [
      ['GET', `/sessions/${id}`],
      ['GET', `/sessions/${id}/manifest`],
      ['GET', `/sessions/${id}/audit`],
      ['POST', `/sessions/${id}/state`, { state: 'active' }],
      ['POST', `/sessions/${id}/finalize`, { complete: true }],
      ['POST', '/orchestrator/process', { session: id }],
    ]
    for (const [method, path, body] of asked)
      expect(await ask(app, method, path, body)).toMatchObject(refused(404, 'no-such-session'))
  })

  test('lists sessions, the newest first, by state if that is asked for', async () => {
    let now = NOW
    const one = opened({ now: () => now++ })
    const ids = []
    for (let i = 0; i < 3; i++) ids.push((await create(one)).id)
    await one.sessions.setState(ids[1] ?? '', { state: 'active' })
    const listed = async (query: string) => {
      const { body } = await ask(one.app, 'GET', `/sessions${query}`)
      return (body as { sessions: Session[] }).sessions.map(({ id }) => id)
    }
    expect(await listed('')).toEqual(ids.toReversed())
    expect(await listed('?limit=1')).toEqual([ids[2] ?? ''])
    expect(await listed('?state=active')).toEqual([ids[1] ?? ''])
    const { started_at } = await one.sessions.get(ids[1] ?? '')
    expect(await listed(`?until=${started_at}`)).toEqual([ids[1] ?? '', ids[0] ?? ''])
    expect(await listed(`?until=${started_at - 1}&state=active`)).toEqual([])
    expect(await ask(one.app, 'GET', '/sessions?state=lost')).toMatchObject(refused(400, 'bad-request'))
    expect(await ask(one.app, 'GET', '/sessions?limit=0')).toMatchObject(refused(400, 'bad-request'))
  })

  test('refuses what it cannot open a session for', async () => {
    const { app } = opened()
    const bad: readonly object[] = [
      { owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv9' },
      { owner: 'nobody' },
      { participants: ['TJRabPrwbZy45sbavfcjinPJC18kjpRTv9'] },
      { observers: [OWNER, OWNER] },
      { device_fingerprint: 'ff' },
      { recorder_version: '' },
      { owner_x25519: '00'.repeat(32) },
      { chunk_size: 5 },
    ]
    for (const change of bad)
      expect((await ask(app, 'POST', '/sessions', { ...sessionRequest, ...change })).status).toBe(400)
  })
})

describe('the number of sessions at once', () => {
  test('is limited, and a session that ended makes room', async () => {
    const one = opened({ maxActive: 2 })
    const [first] = [await create(one), await create(one)]
    expect(await ask(one.app, 'POST', '/sessions', sessionRequest)).toMatchObject({
      status: 429,
      body: { code: 'too-many-sessions', detail: '2 sessions are being recorded; end one first' },
    })
    await one.sessions.finalize(first?.id ?? '', { complete: true })
    await create(one)
  })

  test('is limited also when many ask in the same moment', async () => {
    const one = opened({ maxActive: 3 })
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => ask(one.app, 'POST', '/sessions', sessionRequest)),
    )
    expect(replies.filter(({ status }) => status === 200).length).toBe(3)
    expect(replies.filter(({ status }) => status === 429).length).toBe(9)
    expect((await one.sessions.list({ limit: 100 })).length).toBe(3)
  })
})

describe('a session that nobody uses', () => {
  const HOURS = 3_600_000

  test('expires when nothing was recorded in it, and its signing key is gone', async () => {
    let now = NOW
    const one = opened({ now: () => now })
    const { id } = await create(one)
    now += 8 * HOURS
    expect(await one.sessions.sweep(8 * HOURS)).toEqual([])
    now += 1
    expect(await one.sessions.sweep(8 * HOURS)).toMatchObject([{ id, state: 'expired' }])
    expect(await tables(one.store).keys.get(id)).toBeUndefined()
    expect(await ask(one.app, 'POST', `/sessions/${id}/finalize`, { complete: true })).toMatchObject(
      refused(409, 'already-finalized'),
    )
  })

  test('is sealed with a gap when it had begun', async () => {
    let now = NOW
    const one = opened({ now: () => now })
    const { id } = await create(one)
    await one.sessions.setState(id, { state: 'active' })
    now += 8 * HOURS + 1
    expect(await one.sessions.sweep(8 * HOURS)).toMatchObject([{ id, state: 'finalizing', complete: false }])
    const doc = await tables(one.store).sessions.get(id)
    expect(doc?.end_reason).toBe('nothing was recorded for too long')
  })

  test('is not one whose recorder says again and again that it lives', async () => {
    let now = NOW
    const one = opened({ now: () => now })
    const { id } = await create(one)
    for (let hour = 0; hour < 20; hour++) {
      await one.sessions.setState(id, { state: 'active' })
      now += HOURS
      expect(await one.sessions.sweep(8 * HOURS)).toEqual([])
    }
    const { body } = await ask(one.app, 'GET', `/sessions/${id}/audit`)
    expect((body as { events: AuditEvent[] }).events.map(({ type }) => type)).toEqual(['created', 'active'])
  })
})

test('no session shows its keys or what only the orchestrator needs of it', async () => {
  const one = opened()
  const { id } = await create(one)
  const { body } = await ask(one.app, 'GET', `/sessions/${id}`)
  const doc = await tables(one.store).keys.get(id)
  expect(doc?.wrapped).toMatch(/^[0-9a-f]{144}$/)
  expect(JSON.stringify(body)).not.toContain(doc?.wrapped ?? '')
  expect(Object.keys(body as object)).not.toContain('touched_at')
})
