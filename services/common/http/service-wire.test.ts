import { afterAll, describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import { jsonLog } from '../process/log.ts'
import { closedGuard, openGuard } from '../testing/app.ts'
import { exchange, listening, readReply, wire } from '../testing/wire.ts'
import { type ServiceParts, service } from './service.ts'

/** Promises that `app.handle` cannot keep or break: these need a server and raw bytes. */

const lines: string[] = []
const log = jsonLog('test', { write: (line) => lines.push(line) })

const example = (parts: Pick<ServiceParts, 'guard'>) =>
  service('test', { ...parts, log, publicRoutes: ['GET /anchors/:session'], maxBody: 1000 })
    .get('/anchors/:session', () => 'public')
    .get('/anchors/:session/proof', () => 'guarded', { callers: ['operator'] })
    .get('/proof/:a/:b', () => 'guarded', { callers: ['operator'] })
    .get('/progress', () => 'guarded', { callers: ['operator'] })
    .post('/json', ({ body }) => body, { body: t.Object({ a: t.String() }), callers: ['operator'] })
    .put('/bytes', async ({ request }) => (await request.arrayBuffer()).byteLength, {
      parse: 'none',
      callers: ['operator'],
    })

const app = example({ guard: closedGuard })
const closed = listening(app)
const open = listening(example({ guard: openGuard }))
afterAll(() => Promise.all([closed.stop(), open.stop()]))

const codeOf = (body: string): unknown => {
  try {
    return JSON.parse(body).code
  } catch {
    return body
  }
}
const get = async (path: string, host = 'localhost') => {
  const reply = await exchange(closed.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nconnection: close\r\n\r\n`)
  return [reply.status, codeOf(reply.body)] as const
}

describe('a stranger on a real server', () => {
  test('is refused by every route but the public ones', async () => {
    const guarded = app.routes.filter(({ path }) => !/^\/(?:health|status|metrics|openapi.*)$/.test(path))
    const seen = await Promise.all(
      guarded.map(async ({ method, path }) => {
        const reply = await fetch(`${closed.url}${path.replaceAll(/:\w+/g, 'x')}`, { method })
        return [`${method} ${path}`, reply.status] as const
      }),
    )
    expect(Object.fromEntries(seen)).toEqual({
      'GET /anchors/:session': 200,
      'GET /anchors/:session/proof': 401,
      'GET /proof/:a/:b': 401,
      'GET /progress': 401,
      'POST /json': 401,
      'PUT /bytes': 401,
    })
  })

  test('cannot pass a guarded path off as a public one', async () => {
    for (const path of [
      '/proof/../health',
      '/proof/%2e%2e/health',
      '/proof\\..\\health',
      '/anchors/x#/proof',
      '/anchors/x%23/proof',
      '/anchors/x%2fproof',
      '/anchors/x;/proof',
      '//anchors/x/proof',
      '/health/../progress',
      '/health#/../progress',
      '/health?/../progress',
      'http://localhost/health?/../progress',
      'http://other/anchors/progress',
    ])
      expect([path, (await get(path))[1]]).not.toEqual([path, 'guarded'])
  })

  test('cannot do so by the name of the host either', async () => {
    const hosts = ['a', 'ab', 'abc', 'a:80', 'ab/cd', 'x/anchors/y?', 'localhost/health?', 'localhost#', 'u@h', '']
    for (const host of hosts)
      for (const path of ['/anchors/progress', '/progress', '/proof/a/b'])
        expect([host, path, (await get(path, host))[1]]).not.toEqual([host, path, 'guarded'])
  })

  test('of a short name is served like any other', async () => {
    expect(await get('/anchors/progress', 'ab')).toEqual([200, 'public'])
    expect((await get('/health', 'a'))[0]).toBe(200)
  })

  test('with a malformed address gets a problem document', async () => {
    for (const host of ['ab/cd', 'localhost#'])
      expect([host, ...(await get('/health', host))]).toEqual([host, 400, 'bad-address'])
    expect(await get('/anchors/x#/proof')).toEqual([400, 'bad-address'])
    const reply = await exchange(closed.port, 'GET /health HTTP/1.0\r\n\r\n')
    expect([reply.status, codeOf(reply.body)]).toEqual([400, 'bad-address'])
  })
})

describe('a body on a real server', () => {
  const json = (framing: string) =>
    `POST /json HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n${framing}\r\n\r\n`

  test('within the limit is taken', async () => {
    const reply = await exchange(open.port, json('content-length: 9'), '{"a":"b"}')
    expect([reply.status, reply.body]).toEqual([200, '{"a":"b"}'])
  })

  test('over the limit is refused by its length, before it is sent', async () => {
    const reply = await exchange(open.port, json('content-length: 1001'))
    expect([reply.status, reply.headers['content-type'], codeOf(reply.body)]).toEqual([
      413,
      'application/problem+json',
      'body-too-large',
    ])
  })

  test('over the limit that is sent all the same is refused, and the refusal arrives', async () => {
    const reply = await fetch(`${open.url}/bytes`, { method: 'PUT', body: new Uint8Array(3_000_000) })
    expect([reply.status, codeOf(await reply.text())]).toEqual([413, 'body-too-large'])
  })

  test('exactly at the limit is taken, one byte more is not', async () => {
    const put = async (size: number) =>
      (await fetch(`${open.url}/bytes`, { method: 'PUT', body: new Uint8Array(size) })).status
    expect([await put(1000), await put(1001)]).toEqual([200, 413])
  })

  test('that does not say its length is refused where it is not a stream', async () => {
    const whole = await exchange(open.port, json('transfer-encoding: chunked'), '9\r\n{"a":"b"}\r\n0\r\n\r\n')
    expect([whole.status, whole.headers['content-type'], codeOf(whole.body)]).toEqual([
      400,
      'application/problem+json',
      'length-required',
    ])
    const line = await wire(open.port)
    line.write(json('transfer-encoding: chunked'))
    line.end()
    expect(codeOf(readReply(await line.reply).body)).toBe('length-required')
  })

  test('that says its length in two ways never reaches a route', async () => {
    const both = 'content-length: 5\r\ntransfer-encoding: chunked'
    for (const framing of [both, 'content-length: 9\r\ncontent-length: 5', 'content-length: 9e0'])
      expect([framing, (await exchange(open.port, json(framing), '{"a":"b"}')).status]).toEqual([framing, 400])
  })

  test('that is cut off is the sender’s fault, not an unexpected error', async () => {
    lines.length = 0
    const line = await wire(open.port)
    line.write('PUT /bytes HTTP/1.1\r\nHost: localhost\r\ncontent-length: 900\r\n\r\nabc')
    line.write('')
    while (open.pending() === 0) await Bun.sleep(1)
    line.reset()
    await line.reply
    while (lines.length === 0) await Bun.sleep(1)
    expect(lines.map((one) => JSON.parse(one))).toMatchObject([{ event: 'request', status: 400 }])
  })
})

test('a body of a stream may be quiet for longer than any other', async () => {
  const path = { parse: 'none', callers: ['operator'] } as const
  const size = async ({ request }: { request: Request }) => (await request.arrayBuffer()).byteLength
  const parts = { guard: openGuard, log, maxBody: 1000, streamRoutes: ['PUT /stream'] }
  const impatient = service('test', parts).put('/stream', size, path).put('/bytes', size, path)
  impatient.listen({ hostname: '127.0.0.1', port: 0, idleTimeout: 1 })
  const putQuietly = async (to: string, framing: string, pieces: readonly string[]) => {
    const line = await wire(impatient.server?.port ?? 0)
    line.write(`PUT ${to} HTTP/1.1\r\nHost: localhost\r\nconnection: close\r\n${framing}\r\n\r\n${pieces[0]}`)
    await Bun.sleep(4_000)
    line.write(pieces[1] ?? '')
    return readReply(await line.reply).body
  }
  const [stream, bytes] = await Promise.all([
    putQuietly('/stream', 'transfer-encoding: chunked', ['3\r\nabc\r\n', '2\r\nde\r\n0\r\n\r\n']),
    putQuietly('/bytes', 'content-length: 5', ['abc', 'de']),
  ])
  await impatient.stop(true)
  expect({ stream, bytes }).not.toMatchObject({ bytes: '5' })
  expect(stream).toBe('5')
})

test('a server answers /health, /status, /metrics and /openapi.json to anybody', async () => {
  for (const path of ['health', 'status', 'metrics', 'openapi.json'])
    expect([path, (await fetch(`${closed.url}/${path}`)).status]).toEqual([path, 200])
})
