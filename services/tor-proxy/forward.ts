import { rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where a forwarder listens: a Unix socket, or a port of loopback. */
export type Listen = { readonly unix: string } | { readonly port: number }

export type Forward = {
  /** The port, 0 for a Unix socket. */
  readonly port: number
  /** Connections that are open. */
  readonly open: () => number
  readonly close: () => Promise<void>
}

/** Connections at once: a fraction of what the gateway has, so that the onion cannot take them all. */
const MOST = 2_048

/** Hands connections on to HOST:PORT both ways, looked up each time; over `most`, or with nobody there, closed. */
export const forward = async (
  listen: Listen,
  to: { readonly host: string; readonly port: number },
  { most = MOST }: { readonly most?: number } = {},
): Promise<Forward> => {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (from) => {
    if (open.size >= 2 * most) {
      from.destroy()
      return
    }
    const there = connect({ ...to, allowHalfOpen: true })
    for (const [one, other] of [
      [from, there],
      [there, from],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroySoon()
      })
      one.pipe(other)
    }
  })
  if ('unix' in listen) rmSync(listen.unix, { force: true })
  await new Promise<void>((ready, failed) => {
    server.on('error', failed)
    const listening = () => ready()
    if ('unix' in listen) server.listen(listen.unix, listening)
    else server.listen(listen.port, '127.0.0.1', listening)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' ? ((address as AddressInfo | null)?.port ?? 0) : 0,
    open: () => open.size / 2,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((done) => void server.close(() => done()))
    },
  }
}
