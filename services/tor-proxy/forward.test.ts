import { afterAll, afterEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Forward, forward } from './forward.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-forward-'))
const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const started = async (
  listen: Parameters<typeof forward>[0],
  port: number,
  options: Parameters<typeof forward>[2] = {},
): Promise<Forward> => {
  const made = await forward(listen, { host: '127.0.0.1', port }, options)
  closers.push(made.close)
  return made
}

const echo = () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => new Response(await request.arrayBuffer()),
  })
  closers.push(() => server.stop(true))
  return server.port ?? 0
}

test('bytes pass both ways as they are, and the connection is forgotten when it is done', async () => {
  const made = await started({ port: 0 }, echo())
  const body = crypto.getRandomValues(new Uint8Array(60_000))
  const whole = new Uint8Array(3_000_000).map((_, at) => body[at % body.length] ?? 0)
  const reply = await fetch(`http://127.0.0.1:${made.port}/`, { method: 'POST', body: whole, keepalive: false })
  expect(new Uint8Array(await reply.arrayBuffer())).toEqual(whole)
  while (made.open() > 0) await Bun.sleep(5)
  expect(made.open()).toBe(0)
})

test.skipIf(process.platform === 'win32')('a Unix socket that a killed process left behind is taken over', async () => {
  const unix = join(folder, 'one.sock')
  const target = echo()
  await started({ unix }, target)
  await started({ unix }, target)
  expect(await (await fetch('http://localhost/', { unix, method: 'POST', body: 'hello' })).text()).toBe('hello')
})

test('when nobody is there the connection is closed, at once and without an answer', async () => {
  const held = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const { port } = held
  held.stop(true)
  const made = await started({ port: 0 }, port)
  await expect(fetch(`http://127.0.0.1:${made.port}/`)).rejects.toThrow()
})

test('over its number of connections a new one is closed, and one that ends makes room', async () => {
  const made = await started({ port: 0 }, echo(), { most: 2 })
  const dial = async () => {
    const ended = Promise.withResolvers<void>()
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: made.port,
      socket: { data: () => {}, close: () => ended.resolve() },
    })
    return { socket, ended: ended.promise }
  }
  const [first] = [await dial(), await dial()]
  while (made.open() < 2) await Bun.sleep(5)
  await (await dial()).ended
  expect(made.open()).toBe(2)
  first?.socket.end()
  while (made.open() > 1) await Bun.sleep(5)
  const reply = await fetch(`http://127.0.0.1:${made.port}/`, { method: 'POST', body: 'x', keepalive: false })
  expect(await reply.text()).toBe('x')
})
