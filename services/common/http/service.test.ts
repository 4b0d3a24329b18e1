import { describe, expect, test } from 'bun:test'
import { t } from 'elysia'
import packageJson from '../../../package.json' with { type: 'json' }
import { Fault } from '../process/fault.ts'
import { jsonLog } from '../process/log.ts'
import { ask, closedGuard, everyRouteRefusesStrangers, testParts } from '../testing/app.ts'
import { problems, type ServiceParts, service, version } from './service.ts'

const SECRET = 'hunter2-the-session-key'

/** Parts whose log is kept. */
const watched = (parts: Partial<ServiceParts> = {}) => {
  const lines: string[] = []
  const log = jsonLog('test', { write: (line) => lines.push(line) })
  return { lines, parts: { ...testParts, log, ...parts } }
}

const Part = t.Object({ b: t.Number() })
const Body = t.Object({ a: t.String(), part: t.Optional(Part), list: t.Optional(t.Array(Part)) })

const example = (parts: ServiceParts) =>
  service('test', parts)
    .post('/bodies', ({ body }) => body, { body: Body, response: { 200: Body, ...problems }, callers: ['operator'] })
    .get('/queries', ({ query }) => query, {
      query: t.Object({ n: t.Numeric() }),
      response: { 200: t.Object({ n: t.Number() }), ...problems },
      callers: ['operator'],
    })
    .get(
      '/throws',
      () => {
        throw new Error(`cannot open ${SECRET}`)
      },
      { callers: ['operator'] },
    )
    .get(
      '/throws-later',
      async () => {
        await Promise.resolve()
        throw SECRET
      },
      { callers: ['operator'] },
    )
    .get('/leaks', () => ({ n: 1, session_key: SECRET }) as { n: number }, {
      response: { 200: t.Object({ n: t.Number() }), ...problems },
      callers: ['operator'],
    })
    .get('/wrong', () => ({ n: SECRET }) as unknown as { n: number }, {
      response: { 200: t.Object({ n: t.Number() }), ...problems },
      callers: ['operator'],
    })
    .get(
      '/busy',
      () => {
        throw new Fault('exhausted', 'queue-full', 'try again later', { retryAfter: 2_500, extra: { queued: 9 } })
      },
      { callers: ['operator'] },
    )

const send = (app: ReturnType<typeof example>, body: string, type: string | undefined) =>
  app.handle(
    new Request('http://localhost/bodies', {
      method: 'POST',
      body: new TextEncoder().encode(body),
      headers: { 'content-length': String(body.length), ...(type === undefined ? {} : { 'content-type': type }) },
    }),
  )
const refusal = async (reply: Response) => {
  const { status, code } = (await reply.json()) as { status: number; code: string }
  return [reply.status, reply.headers.get('content-type'), status, code]
}
const problem = 'application/problem+json'

describe('a body', () => {
  const app = example(testParts)
  const detail = async (body: unknown) => {
    const reply = await ask(app, 'POST', '/bodies', body)
    return [reply.status, (reply.body as { detail?: string }).detail]
  }

  test('that keeps to its schema comes through whole', async () => {
    const body = { a: 'x', part: { b: 1 }, list: [{ b: 2 }] }
    expect(await ask(app, 'POST', '/bodies', body)).toEqual({ status: 200, body })
  })

  test('with an unknown field is refused, and the field is named, however deep it is', async () => {
    expect(await detail({ a: 'x', extra: 1 })).toEqual([400, 'body.extra: Unexpected property'])
    expect(await detail({ a: 'x', part: { b: 1, extra: 1 } })).toEqual([400, 'body.part.extra: Unexpected property'])
    expect(await detail({ a: 'x', list: [{ b: 1 }, { b: 1, extra: 1 }] })).toEqual([
      400,
      'body.list.1.extra: Unexpected property',
    ])
  })

  test('with a field missing or of another type is refused without saying what was sent', async () => {
    expect((await detail({}))[0]).toBe(400)
    const reply = await ask(app, 'POST', '/bodies', { a: 'x', part: { b: SECRET } })
    expect([reply.status, JSON.stringify(reply.body).includes(SECRET)]).toEqual([400, false])
  })

  test('that is no JSON is a problem document', async () => {
    for (const broken of ['{"a":', '{a:1}', 'x', '{"a":"x"} x'])
      expect([broken, await refusal(await send(app, broken, 'application/json'))]).toEqual([
        broken,
        [400, problem, 400, 'unreadable-body'],
      ])
    expect((await send(app, '', 'application/json')).status).toBe(400)
  })

  test('of another content type, or of none, is a problem document', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/octet-stream', undefined])
      expect([type, await refusal(await send(app, '{"a":"x"}', type))]).toEqual([
        type,
        [400, problem, 400, 'content-type'],
      ])
  })

  test('that is not there is asked for by its fields', async () => {
    const reply = await app.handle(new Request('http://localhost/bodies', { method: 'POST' }))
    expect(await reply.json()).toMatchObject({
      status: 400,
      code: 'unreadable-body',
      detail: expect.stringMatching(/^this route needs a JSON body with a[^:]*: send it as application\/json$/),
    })
  })

  test('nested deeper or of more values than any route needs is refused before it is parsed', async () => {
    for (const body of ['['.repeat(100_000), `{"a":${'['.repeat(17)}`, `{"list":[${'{"b":1},'.repeat(10_000)}`])
      expect(await refusal(await send(app, body, 'application/json; charset=utf-8'))).toEqual([
        400,
        problem,
        400,
        'json-bounds',
      ])
  })

  test('that is no object is refused as it came, also where a field has a default', async () => {
    const counts = service('test', testParts).post('/counts', ({ body }) => body, {
      body: t.Object({ n: t.Optional(t.Integer()) }),
      response: { 200: t.Object({ n: t.Optional(t.Integer()) }), ...problems },
      callers: ['operator'],
    })
    expect(await ask(counts, 'POST', '/counts', { n: 1 })).toEqual({ status: 200, body: { n: 1 } })
    for (const [body, place] of [
      [`"${'a'.repeat(1_000_000)}"`, 'body: Expected object'],
      ['[]', 'body: Expected object'],
      ['null', 'body: Expected object'],
      ['7', 'body: Expected object'],
      ['{"n":1,"n":2}', 'a name stands twice in an object of the body: give each once'],
      ['{"n":1,"\\u006e":2}', 'a name stands twice in an object of the body: give each once'],
      ['[{"a:":[{"b":1,"b":1}]}]', 'a name stands twice in an object of the body: give each once'],
      ['{"__proto__":{"n":1}}', 'body.__proto__: Unexpected property'],
      ['{"n":{"toString":false}}', 'body: a field may not be named toString'],
      ['{"n":[{"\\u0074oString":false}]}', 'body: a field may not be named toString'],
    ] as const) {
      const reply = await counts.handle(
        new Request('http://localhost/counts', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': `${body.length}` },
          body,
        }),
      )
      expect([reply.status, ((await reply.json()) as { detail: string }).detail]).toEqual([400, place])
    }
  })
})

test('an unknown or malformed query parameter is refused', async () => {
  const app = example(testParts)
  expect(await ask(app, 'GET', '/queries?n=3')).toEqual({ status: 200, body: { n: 3 } })
  for (const query of ['n=x', '', 'n=3&extra=1', 'n=3&n=4', 'n=3&%6e=4'])
    expect([query, (await ask(app, 'GET', `/queries?${query}`)).status]).toEqual([query, 400])
})

test('an unknown route is a problem document', async () => {
  expect(await ask(example(testParts), 'GET', '/nowhere')).toMatchObject({
    status: 404,
    body: { code: 'no-such-route' },
  })
})

test('a fault is its problem document, with its retry', async () => {
  const reply = await example(testParts).handle(new Request('http://localhost/busy'))
  expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '3'])
  expect(await reply.json()).toMatchObject({ code: 'queue-full', detail: 'try again later', queued: 9 })
})

describe('what nobody expected', () => {
  for (const path of ['/throws', '/throws-later', '/leaks', '/wrong'])
    test(`${path} is a 500 that says nothing but its request id`, async () => {
      const { parts, lines } = watched()
      const reply = await example(parts).handle(new Request(`http://localhost${path}`))
      const text = await reply.text()
      expect(text).not.toContain('hunter2')
      expect(JSON.stringify([...reply.headers])).not.toContain('hunter2')
      const { request_id, ...rest } = JSON.parse(text)
      expect(rest).toEqual({
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        code: 'unexpected',
        detail: 'An unexpected error occurred; the log has it under this request id.',
      })
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 'error', event: 'unexpected', request_id },
        { event: 'request', request_id, status: 500 },
      ])
    })

  test('a reply that breaks its schema is logged by its place, never by its content', async () => {
    const { parts, lines } = watched()
    await example(parts).handle(new Request('http://localhost/leaks'))
    await example(parts).handle(new Request('http://localhost/wrong'))
    expect(lines.join()).not.toContain('hunter2')
    expect(lines.map((line) => JSON.parse(line).error).filter(Boolean)).toEqual([
      'the reply does not keep to its schema: response.session_key: Unexpected property',
      'the reply does not keep to its schema: response.n: Expected number',
    ])
  })

  test('a guard that breaks lets nobody in', async () => {
    const guard = async () => {
      throw new Error(SECRET)
    }
    const app = example({ ...testParts, guard })
    const reply = await app.handle(new Request('http://localhost/queries?n=1'))
    expect([reply.status, (await reply.text()).includes(SECRET)]).toEqual([500, false])
  })
})

describe('the request log', () => {
  test('is a line a request, without query, headers or address', async () => {
    const { parts, lines } = watched()
    const request = new Request('http://localhost/queries?n=4711', { headers: { authorization: SECRET } })
    await example(parts).handle(request)
    expect(lines.length).toBe(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'request', method: 'GET', path: '/queries', status: 200 })
    expect(lines.join()).not.toMatch(/4711|hunter2|localhost/)
  })

  test('leaves out the routes that are polled', async () => {
    const { parts, lines } = watched()
    for (const path of ['/health', '/status', '/metrics', '/openapi.json'])
      await example(parts).handle(new Request(`http://localhost${path}`))
    expect(lines).toEqual([])
  })

  test('takes over a request id that is one, and makes one otherwise', async () => {
    const idOf = async (id: string) => {
      const headers = { 'x-request-id': id }
      const reply = await example(testParts).handle(new Request('http://localhost/queries?n=1', { headers }))
      return reply.headers.get('x-request-id')
    }
    expect(await idOf('request-1')).toBe('request-1')
    expect(await idOf('{"forged":1}')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('the guard', () => {
  test('stands before every route of a service but the public ones', async () => {
    expect(await everyRouteRefusesStrangers(example({ ...testParts, guard: closedGuard }))).toBe(7)
  })

  test('stands before routes that do not exist, so that strangers cannot look around', async () => {
    expect((await ask(example({ ...testParts, guard: closedGuard }), 'GET', '/nowhere')).status).toBe(401)
  })

  test('is not asked on the four routes of every service', async () => {
    const app = example({ ...testParts, guard: closedGuard })
    for (const path of ['/health', '/status', '/metrics', '/openapi.json'])
      expect([path, (await app.handle(new Request(`http://localhost${path}`))).status]).toEqual([path, 200])
    expect((await ask(app, 'POST', '/health', {})).status).toBe(401)
  })

  test('stands before the routes of a plugin too, whenever it was added', async () => {
    const plugin = (app: ReturnType<typeof example>) => app.get('/late', () => 'late')
    const app = example({ ...testParts, guard: closedGuard }).use(plugin as never)
    expect((await app.handle(new Request('http://localhost/late'))).status).toBe(401)
  })
})

describe('/health', () => {
  const away = async () => {
    throw new Fault('unavailable', 'unreachable', 'it is away')
  }
  const at = (parts: Partial<ServiceParts>, path = '/health') =>
    ask(service('test', { ...testParts, now: () => 5, ...parts }), 'GET', path)

  test('is 200 with service, version and start when all is well', async () => {
    expect(await at({ checks: { store: async () => {} } })).toEqual({
      status: 200,
      body: { status: 'healthy', service: 'test', version, started_at: 5, dependencies: { store: 'ok' } },
    })
    expect(version).toBe(packageJson.version)
  })

  test('is 503 and names what fails', async () => {
    expect(await at({ checks: { store: away } })).toMatchObject({
      status: 503,
      body: { status: 'unhealthy', dependencies: { store: 'it is away' } },
    })
    expect(await at({ checks: { 'blockchain-vm': away } })).toMatchObject({
      status: 503,
      body: { status: 'degraded', dependencies: { 'blockchain-vm': 'it is away' } },
    })
  })

  test('stays 200 when what fails is soft, and shows it', async () => {
    expect(await at({ checks: { 'blockchain-api': away }, soft: ['blockchain-api'] })).toMatchObject({
      status: 200,
      body: { status: 'healthy', dependencies: { 'blockchain-api': 'it is away' } },
    })
  })

  test('asked shallow looks at nothing else', async () => {
    expect(await at({ checks: { store: away } }, '/health?deep=false')).toMatchObject({
      status: 200,
      body: { dependencies: {} },
    })
    expect((await at({}, '/health?deep=perhaps')).status).toBe(400)
  })

  test('shows strangers no raw error, which goes to the log', async () => {
    const { parts, lines } = watched({
      checks: {
        store: async () => {
          throw new Error(SECRET)
        },
      },
    })
    const reply = await ask(service('test', parts), 'GET', '/health')
    expect([reply.status, JSON.stringify(reply.body).includes(SECRET)]).toEqual([503, false])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'check-failed', check: 'store', error: SECRET })
  })
})

test('/status adds what the service tells of itself, and is 200 whatever the health', async () => {
  const app = service('test', {
    ...testParts,
    status: () => ({ queued: 3 }),
    checks: {
      store: async () => {
        throw new Fault('unavailable', 'disk-full', 'the disk is full')
      },
    },
  })
  expect(await ask(app, 'GET', '/status')).toMatchObject({
    status: 200,
    body: { status: 'unhealthy', service: 'test', queued: 3, dependencies: { store: 'the disk is full' } },
  })
})

test('/metrics counts requests by method and status', async () => {
  const app = example(testParts)
  await ask(app, 'GET', '/queries?n=1')
  await ask(app, 'GET', '/nowhere')
  const reply = await app.handle(new Request('http://localhost/metrics'))
  expect(reply.headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
  const text = await reply.text()
  expect(text).toContain('http_requests_total{method="GET",status="200"} 1\n')
  expect(text).toContain('http_requests_total{method="GET",status="404"} 1\n')
  expect(text).toContain('http_request_duration_seconds_count 2\n')
})

test('/openapi.json lists the routes of the service with their replies', async () => {
  const { body } = await ask(example(testParts), 'GET', '/openapi.json')
  const { info, paths } = body as {
    info: object
    paths: Record<string, Record<string, { responses?: object; requestBody?: object }>>
  }
  expect(info).toMatchObject({ title: 'test', version })
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/health', '/status', '/metrics', '/bodies', '/queries', '/busy']),
  )
  const post = paths['/bodies']?.['post']
  expect(Object.keys(post?.responses ?? {})).toEqual(expect.arrayContaining(['200', '400', '401', '503']))
  expect(JSON.stringify(post?.requestBody)).toContain('"additionalProperties":false')
})
