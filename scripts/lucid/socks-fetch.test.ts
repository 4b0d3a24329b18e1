import { afterAll, expect, test } from 'bun:test'
import { connect, createServer, type Server } from 'node:net'
import { socksFetch } from './socks-fetch.ts'

/** What the proxy was asked for: kind of address (RFC 1928: 3 is a name) and the name. */
const asked: { readonly kind: number; readonly name: string }[] = []

const web = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: async (request) =>
    Response.json({
      method: request.method,
      path: new URL(request.url).pathname,
      length: request.headers.get('content-length'),
      token: request.headers.get('authorization'),
      body: await request.text(),
    }),
})

/** SOCKS5 (RFC 1928) without authentication, whose every name leads to `web`. */
const proxy: Server = createServer((client) => {
  client.on('error', () => client.destroy())
  client.once('data', () => {
    client.write(Uint8Array.of(5, 0))
    client.once('data', (request: Buffer) => {
      asked.push({ kind: request[3] ?? 0, name: request.subarray(5, 5 + (request[4] ?? 0)).toString() })
      const upstream = connect(Number(web.port), '127.0.0.1', () => {
        client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
        client.pipe(upstream).pipe(client)
      })
      upstream.on('error', () => client.destroy())
    })
  })
})
await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
const { port } = proxy.address() as { readonly port: number }
afterAll(() => {
  proxy.close()
  web.stop(true)
})

const onion = `http://${'a'.repeat(56)}.onion`

test('an onion is asked of the proxy by name, with the token, and a body has its length', async () => {
  const answer = await socksFetch(`127.0.0.1:${port}`)(`${onion}/auth/me`, {
    method: 'POST',
    headers: { authorization: 'Bearer x' },
    body: '{"a":1}',
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    method: 'POST',
    path: '/auth/me',
    length: '7',
    token: 'Bearer x',
    body: '{"a":1}',
  })
  expect(asked).toEqual([{ kind: 3, name: onion.slice('http://'.length) }])
})

test('a stream goes through as it comes', async () => {
  const pieces = ['one ', 'two ', 'three']
  const body = new ReadableStream<Uint8Array>({
    pull: (to) => {
      const piece = pieces.shift()
      if (piece === undefined) to.close()
      else to.enqueue(new TextEncoder().encode(piece))
    },
  })
  const answer = await socksFetch(`127.0.0.1:${port}`)(`${onion}/stream`, { method: 'PATCH', body })
  expect(await answer.json()).toMatchObject({ method: 'PATCH', length: null, body: 'one two three' })
})

test('a proxy that is not there is an error, and no name is looked up', async () => {
  await expect(socksFetch('127.0.0.1:1')(onion)).rejects.toThrow()
})
