import { afterEach, describe, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import { t } from 'elysia'
import { Fault } from '../process/fault.ts'
import { withRequestContext } from '../process/request-context.ts'
import { testParts } from '../testing/app.ts'
import { listening } from '../testing/wire.ts'
import { type CallOptions, call, client, isUnreachable, ok } from './client.ts'
import { problems, service } from './service.ts'

const options: CallOptions = { callee: 'merkle-builder', sign: async (callee) => `token-for-${callee}` }

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A server below HTTP: `onRequest` decides what becomes of each request, given its number from 1. */
const rawServer = async (onRequest: (socket: Socket, n: number) => void) => {
  const seen: string[] = []
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      seen.push(bytes.toString('latin1'))
      onRequest(socket, seen.length)
    })
    open.push(() => socket.destroy())
  })
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
  open.push(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return { url: `http://127.0.0.1:${port}`, seen }
}
const hangUp = (socket: Socket) => void socket.destroy()
const says =
  (body: string, status = '200 OK', type = 'application/json') =>
  (socket: Socket) =>
    void socket.end(
      `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    )

const httpServer = (answer: (request: Request) => Response | Promise<Response>) => {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, development: false, fetch: answer })
  open.push(() => server.stop(true))
  return `http://127.0.0.1:${server.port}`
}

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const thrown = await work.then(
    () => undefined,
    (error) => error,
  )
  if (thrown instanceof Fault) return thrown
  throw new Error(`expected a Fault, got ${thrown}`)
}
const unreachable = {
  kind: 'unavailable',
  code: 'unreachable',
  message: 'merkle-builder cannot be reached; is it running?',
  retryAfter: 1000,
  extra: { dependency: 'merkle-builder' },
}

const app = service('merkle-builder', testParts)
  .get('/roots/:id', ({ params, query }) => ({ id: params.id, at: query.at, day: '2026-01-02', fee: '7' }), {
    params: t.Object({ id: t.String() }),
    query: t.Object({ at: t.Numeric() }),
    response: { 200: t.Object({ id: t.String(), at: t.Number(), day: t.String(), fee: t.String() }), ...problems },
    callers: ['operator'],
  })
  .post('/roots', ({ body }) => body, {
    body: t.Object({ root: t.String() }),
    response: { 200: t.Object({ root: t.String() }), ...problems },
    callers: ['operator'],
  })
  .get(
    '/stale',
    () => {
      throw new Fault('conflict', 'stale', 'read it again', { extra: { rev: 3, at: '2026-01-02' } })
    },
    { response: { 200: t.Object({}), ...problems }, callers: ['operator'] },
  )
type Api = typeof app

const typed = (url: string, more: Partial<CallOptions> = {}) => client<Api>(url, { ...options, ...more })

describe('the typed client', () => {
  test('carries parameters, queries and bodies, and hands back data as it was said', async () => {
    const server = listening(app)
    open.push(server.stop)
    const api = typed(server.url)
    expect(await ok(api.roots({ id: 'a b' }).get({ query: { at: 5 } }))).toEqual({
      id: 'a b',
      at: 5,
      day: '2026-01-02',
      fee: '7',
    })
    expect(await ok(api.roots.post({ root: 'é' }))).toEqual({ root: 'é' })
  })

  test('throws what a problem document states: kind, code, words, extra members as they were', async () => {
    const server = listening(app)
    open.push(server.stop)
    expect(await faultOf(ok(typed(server.url).stale.get()))).toMatchObject({
      kind: 'conflict',
      code: 'stale',
      message: 'read it again',
      extra: { rev: 3, at: '2026-01-02' },
    })
  })

  test('throws unavailable with a retry when nobody answers', async () => {
    const { url } = await rawServer(hangUp)
    expect(await faultOf(ok(typed(url).stale.get()))).toMatchObject(unreachable)
    expect(await faultOf(ok(typed(url).roots.post({ root: 'r' })))).toMatchObject(unreachable)
  })

  test('throws a fault for an error that is no problem document', async () => {
    const url = httpServer(() => new Response('<h1>Bad Gateway</h1>', { status: 502 }))
    expect(await faultOf(ok(typed(url).stale.get()))).toMatchObject({
      kind: 'unavailable',
      code: 'no-problem-document',
    })
  })
})

describe('the raw call', () => {
  test('brings a token for the callee and the request id in force', async () => {
    const url = httpServer(({ headers }) => Response.json([headers.get('authorization'), headers.get('x-request-id')]))
    const inside = withRequestContext({ requestId: 'request-1', caller: undefined }, () => call(url, options)('/'))
    expect(await (await inside).json()).toEqual(['Bearer token-for-merkle-builder', 'request-1'])
    expect(await (await call(url, options)('/')).json()).toEqual(['Bearer token-for-merkle-builder', null])
  })

  test('throws what a problem document states', async () => {
    const problem = JSON.stringify({ code: 'offset-differs', detail: 'stands at 5', acknowledged: 5 })
    const { url } = await rawServer(says(problem, '409 Conflict', 'application/problem+json'))
    expect(await faultOf(call(url, options)('/', { method: 'POST', body: 'x' }))).toMatchObject({
      kind: 'conflict',
      code: 'offset-differs',
      message: 'stands at 5',
      extra: { acknowledged: 5 },
    })
  })

  test('throws a fault for an error that is no JSON, or JSON of another kind', async () => {
    for (const body of ['<html>', '', '[]', '"text"', 'null']) {
      const { url } = await rawServer(says(body, '404 Not Found'))
      expect(await faultOf(call(url, options)('/'))).toMatchObject({
        kind: 'missing',
        code: 'no-problem-document',
        message: 'merkle-builder answered 404 without saying why',
      })
    }
  })

  test('says unreachable when nothing listens', async () => {
    const { url } = await rawServer(hangUp)
    for (const close of open.splice(0)) await close()
    const fault = await faultOf(call(url, options)('/', { method: 'POST' }))
    expect(fault).toMatchObject(unreachable)
    expect([isUnreachable(fault), fault.cause instanceof Error]).toEqual([true, true])
  })

  test('tries a GET once more, and no more than once', async () => {
    const { url, seen } = await rawServer((socket, n) => (n === 1 ? hangUp : says('"second"'))(socket))
    expect(await (await call(url, options)('/a')).json()).toBe('second')
    const dead = await rawServer(hangUp)
    expect(await faultOf(call(dead.url, options)('/a'))).toMatchObject(unreachable)
    expect([seen.length, dead.seen.length]).toEqual([2, 2])
  })

  test('never sends anything else twice', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { url, seen } = await rawServer(hangUp)
      const body = method === 'DELETE' ? {} : { body: 'x' }
      expect(await faultOf(call(url, options)('/a', { method, ...body }))).toMatchObject(unreachable)
      expect([method, seen.length]).toEqual([method, 1])
    }
  })

  test('does not try again what was answered, though the answer was a failure', async () => {
    const { url, seen } = await rawServer(says('{"code":"c","detail":"d"}', '503 Service Unavailable'))
    expect((await faultOf(call(url, options)('/a'))).code).toBe('c')
    expect(seen.length).toBe(1)
  })

  test('gives up on a callee that does not answer in time', async () => {
    const { url } = await rawServer(() => {})
    const short = { ...options, timeoutMs: 20 }
    expect(await faultOf(call(url, short)('/', { method: 'POST' }))).toMatchObject(unreachable)
    expect(await faultOf(ok(typed(url, { timeoutMs: 20 }).stale.get()))).toMatchObject(unreachable)
  })

  test('gives up when its caller does', async () => {
    const stop = new AbortController()
    const { url } = await rawServer(() => stop.abort())
    const given = call(url, options)('/', { method: 'POST', signal: stop.signal })
    expect(await faultOf(given)).toMatchObject(unreachable)
  })
})
