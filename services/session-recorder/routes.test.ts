import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs } from '#common/testing/app'
import { noise } from '#common/testing/sample-session'
import { OWNER, ownFolder, send } from '#services/session-encryptor/fixture'
import { type Pipeline, pipelineAt } from './fixture.ts'
import type { Recording } from './model.ts'

const { root, remove } = ownFolder()
let pipe: Pipeline
let app: ReturnType<Pipeline['appFor']>
beforeAll(async () => {
  pipe = await pipelineAt(root)
  app = pipe.appFor(guardAs('operator'))
})
afterAll(async () => {
  await pipe.stop()
  remove()
})

const start = async () => (await ask(app, 'POST', '/recordings/start', { owner: OWNER })).body as Recording
const path = (id: string, offset: number, end: unknown) => `/recordings/${id}/stream?offset=${offset}&end=${end}`

describe('session-recorder', () => {
  test('refuses strangers on every route of its own', async () => {
    expect(await everyRouteRefusesStrangers(pipe.appFor(closedGuard))).toBe(5)
  })

  test('is recorded into by the operator and for people only', async () => {
    const id = crypto.randomUUID()
    const other = pipe.appFor(guardAs('session-orchestrator'))
    const routes = [
      ['POST', '/recordings/start', { owner: OWNER }],
      ['PATCH', path(id, 0, true)],
      ['POST', `/recordings/${id}/stop`],
    ] as const
    for (const [method, to, body] of routes)
      expect(await ask(other, method, to, body)).toMatchObject({
        status: 403,
        body: { code: 'caller-not-allowed', detail: 'this route is for operator and api-server only' },
      })
  })

  test('takes a recording and shows it', async () => {
    const { id } = await start()
    const reply = await send(app, 'PATCH', path(id, 0, false), noise(1500, 1))
    expect(reply).toMatchObject({ status: 200, body: { id, state: 'recording', received: 1500 } })
    const done = await send(app, 'PATCH', path(id, 1500, true), noise(10, 2))
    expect(done).toMatchObject({ status: 200, body: { state: 'ended', acknowledged: 1510, chunks: 2 } })
    expect(await ask(app, 'GET', `/recordings/${id}`)).toEqual(done as Awaited<ReturnType<typeof ask>>)
    const { body } = await ask(app, 'GET', '/recordings')
    expect((body as { recordings: Recording[] }).recordings).toContainEqual(done.body as Recording)
  })

  test('tells what is wrong with a stream', async () => {
    const { id } = await start()
    const told = async (to: string, bytes = noise(1, 1)) => {
      const { status, body } = await send(app, 'PATCH', to, bytes)
      return [status, (body as { code: string }).code]
    }
    expect(await told(path(id, 5, true))).toEqual([409, 'offset-differs'])
    expect(await told(path(id, -5, true))).toEqual([400, 'bad-request'])
    expect(await told(path(id, 0.5, true))).toEqual([400, 'bad-request'])
    expect(await told(path(id, 0, 'maybe'))).toEqual([400, 'bad-request'])
    expect(await told(`${path(id, 0, true)}&to=me`)).toEqual([400, 'bad-request'])
    expect(await told(path(crypto.randomUUID(), 0, true))).toEqual([404, 'no-such-recording'])
    expect(await told(path(id, 0, true), noise(0, 1))).toEqual([400, 'empty-recording'])
    expect((await send(app, 'PATCH', path(id, 0, true), noise(1, 1))).status).toBe(200)
    expect(await told(path(id, 1, true))).toEqual([409, 'recording-ended'])
  })

  test('takes the reason of an abnormal end, which is the gap of its manifest', async () => {
    const { id } = await start()
    await send(app, 'PATCH', path(id, 0, false), noise(1500, 1))
    const stop = (body?: unknown) => ask(app, 'POST', `/recordings/${id}/stop`, body)
    for (const reason of ['', 'x'.repeat(201), 'a\u001b[2Jb', 'a\nb', '\u202e', 7])
      expect(await stop({ reason })).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    expect(await stop({ reason: 'x', more: 1 })).toMatchObject({ status: 400 })
    expect(await ask(app, 'GET', `/recordings/${id}`)).toMatchObject({ body: { state: 'recording' } })
    expect(await stop({ reason: 'the producer exited with 3' })).toMatchObject({
      status: 200,
      body: { state: 'ended', acknowledged: 1500, complete: false },
    })
    await pipe.until(id, 'anchored')
    const { gaps } = await pipe.manifest(id)
    expect(gaps).toMatchObject([{ at: 2, reason: 'the producer exited with 3' }])
    const other = await start()
    expect(await ask(app, 'POST', `/recordings/${other.id}/stop`)).toMatchObject({ status: 200 })
  })

  test('starts nothing for a bad owner, an unknown field or a useless X25519 key', async () => {
    const bad = [
      {},
      { owner: 'nobody' },
      { owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv9' },
      { owner: OWNER, owner_x25519: '00'.repeat(32) },
      { owner: OWNER, name: 'mine' },
      { owner: OWNER, participants: [OWNER, OWNER] },
    ]
    for (const body of bad) expect((await ask(app, 'POST', '/recordings/start', body)).status).toBe(400)
  })
})

test('a recording of a chosen id begins once, and none of somebody else’s under it', async () => {
  const chosen = { owner: OWNER, id: crypto.randomUUID() }
  const first = await ask(app, 'POST', '/recordings/start', chosen)
  expect(first).toMatchObject({ status: 200, body: { id: chosen.id, state: 'recording' } })
  expect(await ask(app, 'POST', '/recordings/start', chosen)).toEqual(first)
  const other = { ...chosen, owner: 'TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH' }
  expect(await ask(app, 'POST', '/recordings/start', other)).toMatchObject({
    status: 409,
    body: { code: 'recording-exists' },
  })
})
