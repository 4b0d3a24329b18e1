import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { dial } from './dial.ts'

const listening = async () => {
  let seen = 0
  const closed = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    seen++
    socket.on('error', () => {})
    socket.on('close', () => closed.resolve())
    socket.resume()
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('it listens on no port')
  return { port: at.port, seen: () => seen, closed: closed.promise, stop: () => server.close() }
}

test('a connection is opened once and closed again', async () => {
  const server = await listening()
  expect(await dial('127.0.0.1', server.port, { timeoutMs: 5000 })).toBeGreaterThanOrEqual(0)
  await server.closed
  expect(server.seen()).toBe(1)
  server.stop()
})

test('where nothing listens the system’s own code comes back', async () => {
  const server = await listening()
  server.stop()
  const error = await dial('127.0.0.1', server.port, { timeoutMs: 5000 }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})
