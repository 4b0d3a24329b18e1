import { describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import type { LogEntry } from '../audit/entry.ts'
import { type AuditLog, lateAudit } from '../audit/log.ts'
import { silentLog } from '../process/log.ts'
import { sqliteStore } from '../store/sqlite.ts'
import { auditOn, readAll, streamFault } from '../testing/audit-contract.ts'
import { noteAudit } from './audited.ts'
import { call } from './client.ts'
import { service } from './service.ts'

const actor = 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'
const Done = { response: { 200: t.Object({ n: t.String() }) }, callers: ['operator'] } as const

const opened = (stream?: AuditLog) => {
  const store = sqliteStore({ path: ':memory:' })
  const audit = auditOn(store)
  const guard = async () => ({ caller: 'operator', actor })
  const parts = { guard, log: silentLog, audit: stream ?? audit, publicRoutes: ['POST /open'] }
  const done: string[] = []
  const app = service('merkle-builder', parts)
    .post(
      '/do/:n',
      ({ params: { n } }) => {
        if (n === 'throw') throw new Error('no')
        done.push(n)
        noteAudit({ made: `${n}!` })
        return { n }
      },
      Done,
    )
    .delete('/do/:n', ({ params: { n } }) => ({ n }), Done)
    .get('/do/:n', ({ params: { n } }) => ({ n }), Done)
    .put('/step/:n', ({ params: { n } }) => ({ n }), { ...Done, unaudited: 'a step of the pipeline' })
    .post('/body', ({ body }) => body, { ...Done, body: t.Object({ n: t.String() }) })
    .post('/open', () => ({ n: '' }))
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    app.handle(
      new Request(`http://localhost${path}`, {
        method,
        headers: { 'x-request-id': 'request-1', ...headers },
        ...(body !== undefined && { body }),
      }),
    )
  const entries = async () => (await readAll(audit)).map(({ seq: _s, at: _a, prev: _p, hash: _h, ...entry }) => entry)
  return { app, audit, ask, entries, done }
}

describe('a route that changes something', () => {
  test('is in the audit log with who, what, why and the request before it is answered', async () => {
    const { ask, entries, audit } = opened()
    expect((await ask('POST', '/do/5', { 'x-reason': 'because' })).status).toBe(200)
    expect((await ask('DELETE', '/do/6')).status).toBe(200)
    const body = '{"n":"secret"}'
    const headers = { 'content-type': 'application/json', 'content-length': `${body.length}` }
    expect((await ask('POST', '/body', headers, body)).status).toBe(200)
    const who = { caller: 'operator', actor, request_id: 'request-1', status: 200 }
    expect(await entries()).toEqual([
      { ...who, action: 'POST /do/:n', params: { n: '5', made: '5!' }, reason: 'because' },
      { ...who, action: 'DELETE /do/:n', params: { n: '6' } },
      { ...who, action: 'POST /body', params: {} },
    ])
    expect(streamFault(await readAll(audit))).toBeUndefined()
  })

  test('is not when it failed, was refused, only read, is open, or said that it is a step', async () => {
    const { ask, entries } = opened()
    const seen = [
      await ask('POST', '/do/throw'),
      await ask('POST', '/do/5', { 'x-reason': 'ä' }),
      await ask('GET', '/do/5'),
      await ask('PUT', '/step/5'),
      await ask('POST', '/open'),
    ]
    expect(seen.map(({ status }) => status)).toEqual([500, 400, 200, 200, 200])
    expect(await entries()).toEqual([])
  })

  test('is not answered as done when it cannot be written down', async () => {
    const { ask, done } = opened(lateAudit())
    const reply = await ask('POST', '/do/5')
    expect(done).toEqual(['5'])
    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({ code: 'audit-not-open' })
  })

  test('says in the OpenAPI document that it is audited, or why not', async () => {
    const { ask } = opened()
    const { paths } = (await (await ask('GET', '/openapi.json')).json()) as {
      paths: Record<string, Record<string, object>>
    }
    expect(paths['/do/{n}']?.['post']).toMatchObject({ 'x-audited': true })
    expect(paths['/step/{n}']?.['put']).toMatchObject({ 'x-unaudited': 'a step of the pipeline' })
    expect(paths['/do/{n}']?.['get']).not.toHaveProperty('x-audited')
  })
})

test('the reason of a request travels to the services that it calls', async () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ headers }) => new Response(headers.get('x-reason') ?? 'none'),
  })
  const onward = call(server.url.origin, { callee: 'other', sign: async () => 'token' })
  const parts = { guard: async () => ({ caller: 'operator' }), log: silentLog }
  const app = service('merkle-builder', parts).post('/do', async () => (await onward('/')).text(), {
    response: { 200: t.String() },
    callers: ['operator'],
  })
  const ask = async (headers: Record<string, string>) =>
    (await app.handle(new Request('http://localhost/do', { method: 'POST', headers }))).text()
  expect(await ask({ 'x-reason': 'because' })).toBe('because')
  expect(await ask({})).toBe('none')
  await server.stop(true)
})

test('the stream is read by page, with its head', async () => {
  const { ask, audit } = opened()
  for (const n of [1, 2, 3]) await ask('POST', `/do/${n}`)
  const head = await (await ask('GET', '/audit/head')).json()
  expect(head).toEqual(await audit.head())
  const page = (await (await ask('GET', '/audit?after=0&limit=2')).json()) as { entries: LogEntry[]; heads: unknown[] }
  expect(page.entries.map(({ seq }) => seq)).toEqual([1, 2])
  expect(page.heads).toEqual([head])
})
