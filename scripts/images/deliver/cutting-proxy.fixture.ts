import { createConnection, createServer, type Socket } from 'node:net'

/** A TCP proxy before a registry that cuts each connection once its client sent `limit` bytes, and counts. */
export const cuttingProxy = async (port: number, limit: number) => {
  let cuts = 0
  let received = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = createConnection(port, '127.0.0.1')
    let sent = 0
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (piece: Buffer) => {
      if (sent >= limit) return
      const part = piece.subarray(0, limit - sent)
      sent += part.length
      received += part.length
      if (sent < limit) upstream.write(part)
      else {
        cuts++
        // What was forwarded arrives before the end is seen.
        upstream.write(part, () => {
          client.destroy()
          upstream.end()
        })
      }
    })
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cuts: () => cuts,
    received: () => received,
    close: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
