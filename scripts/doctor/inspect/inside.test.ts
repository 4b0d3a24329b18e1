import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { dialAll } from './inside.ts'

const listening = async (onConnection: 'hold' | 'hang up') => {
  const server = createServer((socket) => {
    if (onConnection === 'hang up') socket.end()
    socket.on('error', () => {})
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, close: () => server.close() }
}

test('a port that holds a connection is well; one that hangs up is a proxy with nobody behind it; one is closed', async () => {
  const [held, dropped, closed] = [await listening('hold'), await listening('hang up'), await listening('hold')]
  closed.close()
  const dials = [held, dropped, closed].map(({ port }) => ({ host: '127.0.0.1', port }))
  expect((await dialAll(dials)).map(({ fault }) => fault)).toEqual(['', 'closed', 'ECONNREFUSED'])
  held.close()
  dropped.close()
})
