import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '#catalog'
import { silentLog } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { freePorts } from '#common/testing/free-ports'
import { wire } from '#common/testing/wire'
import { issueCertificate, makeAuthority } from './certificate.ts'
import { serveChecks } from './check-socket.ts'
import { configuration } from './configuration.ts'
import { startNginx } from './nginx.ts'
import { type Settings, socketsIn } from './settings.ts'

// Only a hang is ended by it.
setDefaultTimeout(300_000)

const program = findProgram('nginx', Bun.env['PATH'])
if (program === undefined) console.log('NOT RUN: no nginx on this machine (its configuration)')

const shown: NonNullable<Entry['public']> = {
  prefix: '',
  open: [],
  guarded: ['GET /api/v1/*', 'POST /api/v1/*', 'PUT /api/v1/*', 'DELETE /api/v1/*'],
  streams: [],
  events: ['GET /api/v1/sessions/:id/events'],
}

const ownCertificate = makeAuthority(new Uint8Array(32).fill(7)).then((authority) =>
  issueCertificate(authority, { names: ['localhost'], now: Date.now() }),
)

/** An api-server of a test. `ports` are those of the connections that it was called on. */
const serve = (answer: (request: Request) => Response | Promise<Response>) => {
  const ports = new Set<number | undefined>()
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: (request, self) => {
      ports.add(self.requestIP(request)?.port)
      return answer(request)
    },
  })
  return { address: `127.0.0.1:${server.port}`, ports, stop: () => server.stop(true) }
}

describe.skipIf(program === undefined)('the configuration, with the real NGINX', () => {
  const closers: (() => unknown)[] = []
  afterAll(async () => {
    for (const close of closers.toReversed()) await close()
  })

  /** An NGINX in front of api-server, which `move` puts elsewhere. */
  const startFront = async (address: string, mayGoOn: () => boolean = () => true) => {
    const folder = mkdtempSync(join(tmpdir(), 'lucid-nginx-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const [port = 0, onionPort = 0, tlsPort = 0] = freePorts(3)
    const pem = join(folder, 'tls.pem')
    writeFileSync(pem, await ownCertificate)
    const settings: Omit<Settings, 'upstreams'> = {
      host: '127.0.0.1',
      port,
      onionPort,
      tlsPort,
      pem,
      onionFrom: ['127.0.0.0/8'],
      folder,
      hostNames: [],
      timeoutMs: 30_000,
      ...(process.getuid?.() === 0 && { user: 'root' }),
    }
    let addresses = [address]
    const checks = serveChecks(socketsIn(folder).checks, async () => mayGoOn(), console.error)
    closers.push(() => checks.stop(true))
    const nginx = await startNginx({
      program: program ?? '',
      folder,
      render: () =>
        configuration({ ...settings, upstreams: [{ service: 'blockchain-api', addresses, public: shown }] }),
      log: silentLog,
      onHopeless: (why) => {
        throw new Error(why)
      },
    })
    closers.push(() => nginx.stop(5_000))
    return {
      port,
      url: `http://127.0.0.1:${port}`,
      nginx,
      move: (to: string) => {
        addresses = [to]
        return nginx.reload()
      },
    }
  }

  test('the headers of the public API go through, both ways, with every method', async () => {
    const seen: Record<string, string>[] = []
    const api = serve((request) => {
      seen.push({ method: request.method, ...Object.fromEntries(request.headers) })
      return new Response('0123', {
        status: 206,
        headers: { etag: '"2"', 'content-range': 'bytes 0-3/10', 'accept-ranges': 'bytes', location: '/api/v1/x' },
      })
    })
    closers.push(api.stop)
    const { url } = await startFront(api.address)
    const headers = {
      accept: 'text/event-stream',
      prefer: 'return=minimal',
      range: 'bytes=0-3',
      'if-range': '"1"',
      'if-match': '"1"',
      'if-none-match': '"0"',
      'idempotency-key': 'once',
      'last-event-id': '41',
      'x-reason': 'asked by its owner',
      'x-hardware-key-signature': 'ab',
    }
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const reply = await fetch(`${url}/api/v1/a/b/c?x=1`, { method, headers: { ...headers, 'x-other': '1' } })
      expect([reply.status, await reply.text()]).toEqual([206, '0123'])
      for (const [name, value] of [
        ['etag', '"2"'],
        ['content-range', 'bytes 0-3/10'],
        ['location', '/api/v1/x'],
      ])
        expect(reply.headers.get(name ?? '')).toBe(value ?? '')
      expect(seen.at(-1)).toMatchObject({ method, ...headers })
      expect(seen.at(-1)).not.toHaveProperty('x-other')
    }
    expect((await fetch(`${url}/api/v1/a`, { method: 'PATCH' })).status).toBe(405)
  })

  test('events come while they happen, and the service learns that nobody listens any more', async () => {
    const gone = Promise.withResolvers<void>()
    let push = (_: string) => {}
    const api = serve(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => {
              push = (text) => controller.enqueue(new TextEncoder().encode(text))
              push('id: 1\n\n')
            },
            cancel: () => gone.resolve(),
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        ),
    )
    closers.push(api.stop)
    const { url } = await startFront(api.address)
    const reply = await fetch(`${url}/api/v1/sessions/s/events`)
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
    const next = async () => new TextDecoder().decode((await reader.read()).value)
    expect(await next()).toBe('id: 1\n\n')
    push('id: 2\n\n')
    expect(await next()).toBe('id: 2\n\n')
    await reader.cancel()
    await gone.promise
  })

  test('a thousand requests take few connections to the service, and to the check before it', async () => {
    const api = serve(() => new Response('yes'))
    closers.push(api.stop)
    const { url } = await startFront(api.address)
    const lane = async () => {
      for (let nth = 0; nth < 125; nth++) expect((await fetch(`${url}/api/v1/a`)).status).toBe(200)
    }
    await Promise.all(Array.from({ length: 8 }, lane))
    expect(api.ports.size).toBeLessThanOrEqual(8)
  })

  test('a service that is killed and back at another address is found there, and what it answers meanwhile ends', async () => {
    const old = serve(() => new Response('old'))
    const slow = Promise.withResolvers<Response>()
    const asked = Promise.withResolvers<void>()
    const fresh = serve((request) => {
      if (!request.url.includes('slow')) return new Response('fresh')
      asked.resolve()
      return slow.promise
    })
    closers.push(fresh.stop)
    const { url, move } = await startFront(old.address)
    const ask = async (path = '/api/v1/a') => {
      const reply = await fetch(`${url}${path}`)
      return [reply.status, await reply.text()]
    }
    expect(await ask()).toEqual([200, 'old'])
    await old.stop()
    expect((await ask())[0]).toBe(503)
    await move(fresh.address)
    // A worker of the configuration before may take a connection for as long as it takes to tell it.
    while ((await ask())[0] !== 200) await Bun.sleep(5)
    const late = ask('/api/v1/slow')
    await asked.promise
    for (let again = 0; again < 3; again++) await move(fresh.address)
    for (let nth = 0; nth < 100; nth++) expect(await ask()).toEqual([200, 'fresh'])
    slow.resolve(new Response('late'))
    expect(await late).toEqual([200, 'late'])
  })

  test('a service that ends idle connections while it is asked costs no read an error', async () => {
    let api = serve(() => new Response('one'))
    const { url, port } = await startFront(api.address)
    expect((await fetch(`${url}/api/v1/a`)).status).toBe(200)
    await api.stop()
    const [, at = ''] = api.address.split(':')
    const again = Bun.serve({ hostname: '127.0.0.1', port: Number(at), fetch: () => new Response('two') })
    closers.push(() => again.stop(true))
    api = { ...api, address: `127.0.0.1:${again.port}` }
    expect(await (await fetch(`${url}/api/v1/a`)).text()).toBe('two')
    expect(port).toBeGreaterThan(0)
  })

  test('a thousand idle connections and as many that dribble keep nobody out', async () => {
    const api = serve(() => new Response('yes'))
    closers.push(api.stop)
    const { url, port } = await startFront(api.address)
    const idle = await Promise.all(Array.from({ length: 1_000 }, () => wire(port)))
    const slow = await Promise.all(Array.from({ length: 1_000 }, () => wire(port)))
    for (const line of slow) line.write('GET /api/v1/a HTTP/1.1\r\nHost: local')
    for (let nth = 0; nth < 200; nth++) expect((await fetch(`${url}/api/v1/a`)).status).toBe(200)
    for (const line of [...idle, ...slow]) line.end()
  })
})
