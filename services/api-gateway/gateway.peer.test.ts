import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '#common/process/program'
import { exchange, readReply, wire } from '#common/testing/wire'
import { issueCertificate, makeAuthority } from './certificate.ts'
import { type Gateway, operatorToken, signInOffice, startGateway } from './gateway.fixture.ts'
import { limits } from './settings.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const absent = findProgram('nginx', Bun.env['PATH']) === undefined
if (absent) console.log('NOT RUN: no nginx on this machine (the gateway)')

type Seen = { readonly method: string; readonly target: string; readonly headers: Headers }

describe.skipIf(absent)('the gateway with the real NGINX', () => {
  const seen: Seen[] = []
  const people = signInOffice()
  /** Told of each piece of a body as it comes. */
  let onPiece = (_: Uint8Array) => {}
  let answer: (request: Request) => Response | Promise<Response> = () => Response.json({})
  const upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: 0,
    fetch: async (request) => {
      // The gateway asks authentication for it once a second.
      if (new URL(request.url).pathname === '/auth/state') return Response.json(await people.state())
      seen.push({ method: request.method, target: request.url, headers: request.headers })
      for await (const piece of request.body ?? []) onPiece(piece)
      return answer(request)
    },
  })
  const origin = `http://127.0.0.1:${upstream.port}`
  let gateway: Gateway
  beforeAll(async () => {
    gateway = await startGateway(origin)
  })
  afterAll(async () => {
    await gateway?.stop()
    await upstream.stop(true)
  })

  const bearer = async () => ({ authorization: `Bearer ${await operatorToken('session-recorder')}` })
  /** With a valid token, which is limited generously, so that tests do not use up what others count. */
  const ask = async (path: string, init: RequestInit = {}) =>
    fetch(`${gateway.url}${path}`, { ...init, keepalive: false, headers: { ...(await bearer()), ...init.headers } })
  const problem = async (reply: Response) => {
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
    const body = (await reply.json()) as Record<string, unknown>
    expect(body['status']).toBe(reply.status)
    expect(String(body['request_id'])).toBe(reply.headers.get('x-request-id') ?? '')
    return [reply.status, body['code']]
  }

  test('a route of the catalogue reaches its service without the prefix, with its query and its token', async () => {
    answer = () => Response.json({ yes: true }, { headers: { 'x-own': '1' } })
    const reply = await ask('/recorder/recordings/4b6f?from=1&x=%2F', { headers: { 'x-request-id': 'travels-along' } })
    expect([reply.status, await reply.json(), reply.headers.get('x-own')]).toEqual([200, { yes: true }, '1'])
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
    const last = seen.at(-1)
    expect(last?.target).toBe('http://session-recorder/recordings/4b6f?from=1&x=%2F')
    expect(last?.headers.get('authorization')).toBe((await bearer()).authorization)
    expect(last?.headers.get('x-request-id')).toBe('travels-along')
  })

  test('a problem of the service passes through as it is', async () => {
    answer = () =>
      Response.json(
        { type: 'about:blank', title: 'Conflict', status: 409, code: 'root-differs', detail: 'no' },
        { status: 409, headers: { 'content-type': 'application/problem+json', 'x-request-id': 'r' } },
      )
    const reply = await ask('/recorder/recordings')
    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([409, 'root-differs'])
  })

  test.each([
    '/',
    '/nowhere',
    '/recorder',
    '/recorder/health',
    '/recorder/metrics',
    '/recorder/recordings/',
    '/recorder/recordings/a/b',
    '/orchestrator/orchestrator/process',
    '/encryptor/decrypt',
    '/nginx',
    '/.problem/400',
  ])('%s is nowhere', async (path) => {
    const before = seen.length
    expect(await problem(await ask(path))).toEqual([404, 'no-such-route'])
    expect(seen.length).toBe(before)
  })

  test.each([
    '/recorder/recordings/../../health',
    '/recorder/recordings/%2e%2e/%2e%2e/health',
    '/recorder/recordings/%2e%2e%2f%2e%2e%2fhealth',
    '/recorder/recordings/a%2f..%2f..%2fhealth',
    '/recorder/recordings/a%00',
    '/recorder/recordings/a%0d%0aX-Evil:%201',
    '/recorder/recordings/a%20b',
    '/recorder/recordings/a%3fb',
    '/recorder/recordings%0a',
    '/recorder/..%2frecorder/recordings/x%0a',
    '/blockchain/..;/recorder/recordings/..;/x',
  ])('the path %s leads nowhere but to health itself', async (path) => {
    const before = seen.length
    const reply = await exchange(
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
    )
    // Some of them are a plain /health once the dots are resolved, which is the gateway's own.
    expect([200, 400, 404]).toContain(reply.status)
    if (reply.status === 200) expect(JSON.parse(reply.body)).toMatchObject({ service: 'api-gateway' })
    const reached = seen.slice(before).filter(({ target }) => new URL(target).pathname !== '/health')
    expect(reached).toEqual([])
  })

  test('another method than the route has is refused, and the right ones are named', async () => {
    const reply = await ask('/recorder/recordings/x', { method: 'DELETE' })
    expect(reply.headers.get('allow')).toBe('GET')
    expect(await problem(reply)).toEqual([405, 'method-not-allowed'])
  })

  test('what a client says about its way here is not passed on, and cannot become another header', async () => {
    answer = () => Response.json({})
    await ask('/recorder/recordings', {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-real-ip': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
        'x-request-id': 'short',
        'x-client': '203.0.113.9',
        'x-any-other': '1',
        origin: 'http://page.example',
        host: 'localhost',
      },
    })
    const { headers } = seen.at(-1) ?? { headers: new Headers() }
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-any-other'])
      expect(headers.get(name)).toBeNull()
    expect([headers.get('x-client'), headers.get('origin')]).toEqual(['127.0.0.1', 'http://page.example'])
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(headers.get('host')).toBe('session-recorder')
    const smuggled = await exchange(
      gateway.port,
      'GET /recorder/recordings HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: aaaaaaaa\rX-Evil: 1\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n',
    )
    expect([200, 400]).toContain(smuggled.status)
    expect(seen.at(-1)?.headers.get('x-evil')).toBeNull()
  })

  test('two lengths, or a length and chunks, are not well-formed', async () => {
    const before = seen.length
    for (const lengths of [
      'Content-Length: 4\r\nTransfer-Encoding: chunked',
      'Content-Length: 4\r\nContent-Length: 5',
    ]) {
      const reply = await exchange(
        gateway.port,
        `POST /recorder/recordings/start HTTP/1.1\r\nHost: localhost\r\n${lengths}\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      )
      expect(reply.status).toBe(400)
    }
    expect(seen.length).toBe(before)
  })

  test('what cannot be read is a problem document too', async () => {
    const status = async (request: string) => {
      const { status: code, headers, body } = await exchange(gateway.port, request)
      expect(headers['content-type']).toBe('application/problem+json')
      expect(JSON.parse(body).status).toBe(code)
      return code
    }
    expect(await status('GET /a%00 HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe(400)
    expect(await status('TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe(405)
    // Refused for another reason first.
    const chunks = 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n'
    for (const [method, path, host] of [
      ['POST', '/nowhere', 'localhost'],
      ['POST', '/blockchain/chain', 'localhost'],
      ['POST', '/', 'evil.example'],
      ['TRACE', '/', 'localhost'],
    ])
      expect(await status(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${chunks}`)).toBe(400)
    expect(await status(`GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toBe(414)
    expect(await status(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`)).toBe(431)
  })

  test('headers in any number and size are never too many or too long for the service alone', async () => {
    answer = () => Response.json({})
    const start = 'GET /recorder/recordings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
    const many = Array.from({ length: 400 }, (_, i) => `X-${i}: a\r\n`).join('')
    expect((await exchange(gateway.port, `${start}${many}\r\n`)).status).toBe(200)
    const codes = new Set<number>()
    for (let size = 1000; size < 9000; size += 400) {
      const long = ['Authorization', 'Content-Type', 'Origin'].map((name) => `${name}: ${'a'.repeat(size)}\r\n`)
      const { status, headers } = await exchange(gateway.port, `${start}${long.join('')}\r\n`)
      codes.add(status)
      if (status !== 200) expect(headers['content-type']).toBe('application/problem+json')
    }
    expect([...codes]).toEqual([200, 431])
  })

  test.each(['evil.example', '127.0.0.1.evil.example', 'x.onion'])('the host %s is not this gateway', async (host) => {
    expect(await problem(await ask('/health', { headers: { host } }))).toEqual([421, 'unknown-host'])
  })

  test('its own routes: health, status, metrics, OpenAPI, and the public status', async () => {
    const health = (await (await ask('/health')).json()) as { dependencies: Record<string, string> }
    expect(health).toMatchObject({ status: 'healthy', service: 'api-gateway' })
    expect(health.dependencies['nginx']).toBe('ok')
    expect(await (await ask('/metrics')).text()).toContain('nginx_requests ')
    expect(await (await ask('/status')).json()).toMatchObject({ nginx: { restarts: 0 } })
    expect(Object.keys(((await (await ask('/openapi.json')).json()) as { paths: object }).paths)).toContain(
      '/gateway/status',
    )
    expect(await (await ask('/gateway/status')).json()).toMatchObject({
      status: 'ok',
      limits: { anonymous_per_minute: 100 },
    })
  })

  test('a body over 16 MiB is refused before it is sent, one of 16 MiB is not', async () => {
    answer = () => Response.json({})
    const head = (length: number) =>
      `POST /recorder/recordings/start HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
    const refused = await exchange(gateway.port, head(16 * 2 ** 20 + 1))
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([413, 'body-too-large'])
    const taken = await exchange(gateway.port, head(16 * 2 ** 20), new Uint8Array(16 * 2 ** 20))
    expect(taken.status).toBe(200)
  })

  test('a stream may say that it is longer than any other body', async () => {
    answer = () => Response.json({})
    const length = 17 * 2 ** 20
    const head = `PATCH /recorder/recordings/one/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
    expect((await exchange(gateway.port, head, new Uint8Array(length))).status).toBe(200)
  })

  test('a stream is handed on while it comes: the service has its first bytes before the last are sent', async () => {
    answer = () => Response.json({ done: true })
    const first = Promise.withResolvers<void>()
    let received = 0
    onPiece = (piece) => {
      received += piece.length
      first.resolve()
    }
    const line = await wire(gateway.port)
    const piece = new Uint8Array(2 ** 20)
    const chunk = `${piece.length.toString(16)}\r\n`
    line.write(
      'PATCH /recorder/recordings/one/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    )
    line.write(chunk)
    line.write(piece)
    line.write('\r\n')
    await first.promise
    for (let sent = 1; sent < 24; sent++) {
      line.write(chunk)
      line.write(piece)
      line.write('\r\n')
    }
    line.write('0\r\n\r\n')
    const reply = readReply(await line.reply)
    onPiece = () => {}
    expect([reply.status, received]).toEqual([200, 24 * 2 ** 20])
  })

  test('a service that is silent too long is a 504, one that is not there a 503 that says to ask again', async () => {
    const silence = Promise.withResolvers<Response>()
    answer = () => silence.promise
    // One of its own: what else is asked here may take its time on a busy machine.
    const hasty = await startGateway(origin, { UPSTREAM_TIMEOUT_MS: '400' })
    try {
      const reply = await fetch(`${hasty.url}/recorder/recordings`, { headers: await bearer(), keepalive: false })
      expect(await problem(reply)).toEqual([504, 'upstream-timeout'])
    } finally {
      silence.resolve(Response.json({}))
      await hasty.stop()
    }
    const dead = await startGateway('http://127.0.0.1:1')
    try {
      const reply = await fetch(`${dead.url}/blockchain/chain`)
      expect(reply.headers.get('retry-after')).toBe('1')
      expect(await problem(reply)).toEqual([503, 'unreachable'])
      const health = await fetch(`${dead.url}/health`)
      expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, 'healthy'])
      expect(await (await fetch(`${dead.url}/gateway/status`)).json()).toMatchObject({ status: 'partial' })
    } finally {
      await dead.stop()
    }
  })

  test('a service whose name nobody knows keeps nothing from starting', async () => {
    const lost = await startGateway('http://no-such-service.invalid:8084')
    try {
      expect(await problem(await fetch(`${lost.url}/blockchain/chain`))).toEqual([503, 'unreachable'])
    } finally {
      await lost.stop()
    }
  })

  test('the 101st anonymous request of a minute is refused; a bogus token does not help on an open route', async () => {
    answer = () => Response.json({})
    const own = await startGateway(origin)
    try {
      const statuses = new Map<number, number>()
      const send = async (nth: number) => {
        const headers = nth % 2 === 0 ? {} : { authorization: `Bearer ${nth}` }
        const { status } = await fetch(`${own.url}/blockchain/chain`, { headers })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      for (let sent = 0; sent < 100; sent++) await send(sent)
      // One place is given back every 600 ms, so a slow machine sees more pass: then ask faster than that.
      for (let more = 0; more < 20 && !statuses.has(429); more++)
        await Promise.all(Array.from({ length: 20 }, (_, nth) => send(nth)))
      expect(statuses.get(200)).toBeGreaterThanOrEqual(100)
      expect(statuses.get(429)).toBeGreaterThan(0)
      const reply = await fetch(`${own.url}/blockchain/chain`)
      if (reply.status === 429) {
        expect(reply.headers.get('retry-after')).toBe('1')
        expect(await problem(reply)).toEqual([429, 'rate-limited'])
      }
      expect((await fetch(`${own.url}/recorder/recordings`, { headers: await bearer() })).status).toBe(200)
      expect((await fetch(`${own.url}/health`)).status).toBe(200)
      // Through the onion every circuit is a client of its own.
      const onion = async (circuit: string) =>
        (
          await exchange(
            own.onionPort,
            `PROXY TCP6 ${circuit} ::1 65535 80\r\nGET /blockchain/chain HTTP/1.1\r\nHost: ${'a'.repeat(56)}.onion\r\nConnection: close\r\n\r\n`,
          )
        ).status
      for (let sent = 0; sent < 110; sent++) await onion('fc00:dead:beef:4dad::0:1')
      expect(await onion('fc00:dead:beef:4dad::0:2')).toBe(200)
    } finally {
      await own.stop()
    }
  })

  /** Statuses of `count` requests, one after the other on eight connections. */
  const flood = async (count: number, send: (nth: number) => Promise<{ readonly status: number }>) => {
    const statuses = new Map<number, number>()
    const lane = async (first: number) => {
      for (let nth = first; nth < count; nth += 8) {
        const { status } = await send(nth)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, first) => lane(first)))
    return statuses
  }

  test('tokens that are none are refused apart: whoever calls from the same address with a good one is served', async () => {
    answer = () => Response.json({}, { status: 200 })
    const own = await startGateway(origin)
    const send = (authorization: string) => fetch(`${own.url}/recorder/recordings`, { headers: { authorization } })
    try {
      const bad = await flood(1_500, (nth) => send(`Bearer ${nth}`))
      expect(bad.get(429)).toBeGreaterThan(0)
      const { authorization } = await bearer()
      const good = await flood(200, () => send(authorization))
      expect([...good]).toEqual([[200, 200]])
    } finally {
      await own.stop()
    }
  })

  /** How many of the requests that `token` sends for so long pass, and how many may: what is given back meanwhile counts. */
  const burst = async (url: string, count: number, token: () => string) => {
    const began = performance.now()
    const statuses = await flood(count, () =>
      fetch(`${url}/recorder/recordings`, { headers: { authorization: `Bearer ${token()}` } }),
    )
    const passed = statuses.get(200) ?? 0
    expect(passed + (statuses.get(429) ?? 0)).toBe(count)
    return { passed, back: ((performance.now() - began) * limits.authenticated) / 60_000 }
  }

  test('a person has 1,000 a minute within 1 %, with all his sign-ins; another beside him has his own, an admin 10,000', async () => {
    answer = () => Response.json({})
    const own = await startGateway(origin)
    try {
      const tokens = await Promise.all([people.token('one', ['user']), people.token('one', ['user'])])
      let nth = 0
      const { passed, back } = await burst(own.url, 1_500, () => tokens[nth++ % 2] ?? '')
      expect(passed).toBeGreaterThanOrEqual(Math.min(1_500, limits.authenticated))
      expect(passed).toBeLessThanOrEqual((limits.authenticated + back) * 1.01 + 1)
      const other = await people.token('two', ['observer'])
      expect((await burst(own.url, 300, () => other)).passed).toBe(300)
      const admin = await people.token('three', ['admin'])
      expect((await burst(own.url, 1_500, () => admin)).passed).toBe(1_500)
    } finally {
      await own.stop()
    }
  })

  test('an access token that is forged, of another realm or of nobody is counted as none, and the service still judges it', async () => {
    answer = () => Response.json({ code: 'bad-access-token' }, { status: 401 })
    const own = await startGateway(origin)
    try {
      const forged = await signInOffice().token('one', ['admin'])
      const statuses = await flood(1_500, () =>
        fetch(`${own.url}/recorder/recordings`, { headers: { authorization: `Bearer ${forged}` } }),
      )
      expect([...statuses.keys()].toSorted()).toEqual([401, 429])
      expect(statuses.get(401)).toBeLessThan(1_000)
    } finally {
      answer = () => Response.json({})
      await own.stop()
    }
  })

  test.each([
    ['a path that is nowhere', 404, '/nowhere', {}],
    ['a method that a route has not', 405, '/blockchain/chain', { method: 'DELETE' }],
    ['a method that a guarded route has not', 405, '/recorder/recordings/x', { method: 'DELETE' }],
    ['a host that is not ours', 421, '/', { headers: { host: 'evil.example' } }],
    ['its own health', 200, '/health?deep=false', {}],
    ['its own metrics', 200, '/metrics', {}],
  ] as const)('%s (%d) is limited too', async (_, status, path, init) => {
    const own = await startGateway(origin)
    try {
      let statuses = new Map<number, number>()
      // A place is given back now and then: a slow machine asks again, faster.
      for (let tries = 0; tries < 5 && !statuses.has(429); tries++)
        statuses = await flood(2_000, () => fetch(`${own.url}${path}`, init))
      expect([...statuses.keys()].toSorted()).toEqual([status, 429].toSorted())
    } finally {
      await own.stop()
    }
  })

  test('thousands of headers that never end keep nobody else out', async () => {
    const own = await startGateway(origin)
    const held: { readonly end: () => void }[] = []
    try {
      for (let nth = 0; nth < 3_000; nth++) {
        const socket = await Bun.connect({ hostname: '127.0.0.1', port: own.port, socket: { data: () => {} } })
        socket.write('GET /health HTTP/1.1\r\nHost: local')
        held.push(socket)
      }
      expect((await fetch(`${own.url}/health`, { keepalive: false })).status).toBe(200)
      const { status } = await fetch(`${own.url}/recorder/recordings`, { headers: await bearer() })
      expect(status).toBe(200)
    } finally {
      for (const socket of held) socket.end()
      await own.stop()
    }
  })

  test.each([
    ['an unknown way to send a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a version that is none of ours', 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['an invented method', 'BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['an address with a foreign scheme', 'GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['an expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: much\r\n\r\n'],
    ['a range of nothing', 'GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-1\r\n\r\n'],
    ['a precondition', 'GET / HTTP/1.1\r\nHost: localhost\r\nIf-Match: "x"\r\n\r\n'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n'],
    ['a body without length', 'POST /recorder/recordings/start HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['bytes that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ])('%s is answered with a problem document', async (_, request) => {
    answer = () =>
      Response.json(
        { code: 'of-the-service' },
        { status: 411, headers: { 'content-type': 'application/problem+json' } },
      )
    const { status, headers, body } = await exchange(
      gateway.port,
      request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    )
    expect(status).toBeGreaterThanOrEqual(400)
    expect(headers['content-type']).toBe('application/problem+json')
    // The answer to HEAD, and to what speaks no version of HTTP at all, may have no body.
    expect(() => JSON.parse(body)).not.toThrow()
  })

  test('who is not tor-proxy is not answered on the port of the onion', async () => {
    const own = await startGateway(origin, { ONION_NETWORKS: '172.21.0.0/24' })
    try {
      const line = await wire(own.onionPort)
      line.write(
        `PROXY TCP6 fc00:dead:beef:4dad::0:9 ::1 65535 80\r\nGET /health HTTP/1.1\r\nHost: ${'b'.repeat(56)}.onion\r\nConnection: close\r\n\r\n`,
      )
      expect((await line.reply).length).toBe(0)
    } finally {
      await own.stop()
    }
  })

  test('what comes in the place of a PROXY line is in no log, and forges none', async () => {
    const forged = '2026/01/01 00:00:00 [error] 1#1: all services were stopped by the operator'
    for (const first of ['GET /x HTTP/1.1', 'PROXY TCP4 1.2.3.4', '\r\n\r\nPROXY\0', 'PROXY UNKNOWN']) {
      const line = await wire(gateway.onionPort)
      line.write(`${first}\r\nAuthorization: Bearer eyJ.of.a-test\r\n${forged}\r\n\r\n`)
      await line.reply
    }
    // The log is read in order: what was said before this is in it.
    const before = gateway.said().split('nginx-').length
    gateway.process.kill('SIGHUP')
    while (!gateway.said().slice(-2_000).includes('"event":"reloaded"')) await Bun.sleep(5)
    expect(before).toBeGreaterThan(0)
    expect(gateway.said()).not.toContain('stopped by the operator')
    expect(gateway.said()).not.toContain('eyJ')
  })

  test('through the onion there is neither status nor metrics, and no other name', async () => {
    const onion = async (path: string, host: string) =>
      (
        await exchange(
          gateway.onionPort,
          `PROXY TCP6 fc00:dead:beef:4dad::0:9 ::1 65535 80\r\nGET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        )
      ).status
    const ours = `${'b'.repeat(56)}.onion`
    expect(await onion('/health', ours)).toBe(200)
    expect(await onion('/status', ours)).toBe(404)
    expect(await onion('/metrics', ours)).toBe(404)
    expect(await onion('/health', 'localhost')).toBe(421)
  })

  test('an NGINX that is killed comes back', async () => {
    const pid = Number(/"event":"nginx-started","pid":(\d+)/.exec(gateway.said())?.[1])
    process.kill(pid, 'SIGKILL')
    while (!gateway.said().includes('"event":"nginx-ended"')) await Bun.sleep(10)
    for (;;) {
      const reply = await ask('/health').catch(() => undefined)
      if (reply?.status === 200) break
      await Bun.sleep(20)
    }
    expect(await (await ask('/status')).json()).toMatchObject({ nginx: { restarts: 1 } })
  })

  test('SIGHUP has it read its configuration anew and breaks off nothing', async () => {
    const gate = Promise.withResolvers<Response>()
    const own = await startGateway(origin)
    try {
      answer = () => gate.promise
      const before = seen.length
      const reply = fetch(`${own.url}/recorder/recordings`, { headers: await bearer() })
      while (seen.length === before) await Bun.sleep(5)
      own.process.kill('SIGHUP')
      while (!own.said().includes('"event":"reloaded"')) await Bun.sleep(5)
      gate.resolve(Response.json({ kept: true }))
      expect(await (await reply).json()).toEqual({ kept: true })
      answer = () => Response.json({})
      expect((await fetch(`${own.url}/recorder/recordings`, { headers: await bearer() })).status).toBe(200)
    } finally {
      await own.stop()
    }
  })

  describe('TLS', () => {
    const trust = async (own: Gateway) => (await fetch(`${own.url}/gateway/authority.pem`)).text()
    const over = (own: Gateway, ca: string, path: string, init: BunFetchRequestInit = {}) =>
      fetch(`https://localhost:${own.tlsPort}${path}`, { ...init, keepalive: false, tls: { ca } })

    test('is spoken with a certificate of the authority that anybody may read, and stays so over a restart', async () => {
      answer = () => Response.json({ yes: true })
      const ca = await trust(gateway)
      const reply = await over(gateway, ca, '/recorder/recordings', { headers: await bearer() })
      expect([reply.status, await reply.json()]).toEqual([200, { yes: true }])
      await expect(fetch(`https://localhost:${gateway.tlsPort}/health`)).rejects.toThrow()
      const again = await startGateway(origin)
      try {
        expect((await over(again, ca, '/health')).status).toBe(200)
      } finally {
        await again.stop()
      }
    })

    test('is for the outside: neither status nor metrics, plain HTTP there is a problem, other names are not ours', async () => {
      const ca = await trust(gateway)
      for (const path of ['/status', '/metrics'])
        expect(await problem(await over(gateway, ca, path))).toEqual([404, 'no-such-route'])
      const plain = await exchange(
        gateway.tlsPort,
        'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      )
      expect([plain.status, JSON.parse(plain.body).code]).toEqual([400, 'bad-request'])
      const stranger = await over(gateway, ca, '/health', { headers: { host: 'evil.example' } })
      expect(await problem(stranger)).toEqual([421, 'unknown-host'])
    })

    test('is remembered by browsers for a name of ours, not for localhost, and never without TLS', async () => {
      const own = await startGateway(origin, { GATEWAY_HOSTS: 'lucid.example,192.0.2.7' })
      try {
        const ca = await trust(own)
        const named = { headers: { host: 'lucid.example' } }
        const policy = (reply: Response) => reply.headers.get('strict-transport-security')
        expect(policy(await over(own, ca, '/health', named))).toBe('max-age=31536000')
        expect(policy(await over(own, ca, '/nowhere', named))).toBe('max-age=31536000')
        expect(policy(await over(own, ca, '/health'))).toBeNull()
        expect(policy(await fetch(`${own.url}/health`, named))).toBeNull()
      } finally {
        await own.stop()
      }
    })

    test('a certificate that is given is taken up when it changes; a broken one changes nothing, and nothing breaks off', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'lucid-tls-'))
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
      const put = async (seed: number) => {
        const authority = await makeAuthority(new Uint8Array(32).fill(seed))
        const pem = await issueCertificate(authority, { names: ['localhost'], now: Date.now() })
        const at = pem.indexOf('-----BEGIN PRIVATE KEY')
        writeFileSync(key, pem.slice(at))
        writeFileSync(cert, pem.slice(0, at))
        return authority.certificate.toString('pem')
      }
      const first = await put(1)
      const own = await startGateway(origin, { TLS_CERT_FILE: cert, TLS_KEY_FILE: key })
      try {
        expect((await fetch(`${own.url}/gateway/authority.pem`)).status).toBe(404)
        const gate = Promise.withResolvers<Response>()
        answer = () => gate.promise
        const before = seen.length
        const slow = over(own, first, '/recorder/recordings', { headers: await bearer() })
        while (seen.length === before) await Bun.sleep(5)
        writeFileSync(cert, '-----BEGIN CERTIFICATE-----\nbroken\n')
        while (!own.said().includes('"event":"bad-certificate"')) await Bun.sleep(5)
        expect((await over(own, first, '/openapi.json')).status).toBe(200)
        const second = await put(2)
        for (;;) {
          const reply = await over(own, second, '/openapi.json').catch(() => undefined)
          if (reply?.status === 200) break
          await Bun.sleep(20)
        }
        gate.resolve(Response.json({ whole: true }))
        expect(await (await slow).json()).toEqual({ whole: true })
        expect(own.said()).not.toContain('PRIVATE KEY')
      } finally {
        await own.stop()
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })

  test('SIGTERM finishes the request in flight, then nothing is left', async () => {
    const gate = Promise.withResolvers<Response>()
    const own = await startGateway(origin)
    answer = () => gate.promise
    const before = seen.length
    const reply = fetch(`${own.url}/recorder/recordings`, { headers: await bearer(), keepalive: false })
    while (seen.length === before) await Bun.sleep(5)
    own.process.kill('SIGTERM')
    while (!own.said().includes('"event":"stopping"')) await Bun.sleep(5)
    gate.resolve(Response.json({ last: true }))
    expect(await (await reply).json()).toEqual({ last: true })
    await own.process.exited
    expect(own.process.exitCode).toBe(0)
    expect(await fetch(`${own.url}/health`).catch(() => 'nobody')).toBe('nobody')
    await own.stop()
  })

  test('no address of a client and no token is in its log, and no line for what NGINX refuses at once', () => {
    const said = gateway.said()
    expect(said).not.toContain('uninitialized')
    expect(said).not.toContain('client: ')
    expect(said).not.toContain('203.0.113.9')
    expect(said).not.toContain('eyJ')
  })
})
