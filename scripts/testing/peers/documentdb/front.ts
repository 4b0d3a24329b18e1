import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type Connection, connection, type Front } from './connection.ts'
import { messageCutter, readMessage, writeReply } from './wire.ts'

/** The server of the wire protocol. */
export type Listening = { readonly port: number; readonly close: () => Promise<void> }

export type ListenOptions = {
  /** 0 takes a free one. */
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string } | undefined
}

/** Answers the messages of a socket one after the other. */
const serve = (socket: Socket, client: Connection): void => {
  const cut = messageCutter()
  let line: Promise<unknown> = Promise.resolve()
  let answers = 0
  const answer = async (bytes: Buffer): Promise<void> => {
    const message = readMessage(bytes)
    const reply = await client.answer(message.body)
    if (message.answered && !socket.destroyed) socket.write(writeReply(++answers, message, reply))
  }
  socket.setNoDelay(true)
  socket.on('data', (piece: Buffer) => {
    try {
      for (const bytes of cut(piece)) line = line.then(() => answer(bytes)).catch(() => socket.destroy())
    } catch {
      socket.destroy() // not this protocol
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => void line.then(client.gone).catch(() => {}))
}

/** Listens on 127.0.0.1; rejects when the port is taken. `front` learns its address from what is returned. */
export const listen = async (front: Front, { port, tls }: ListenOptions): Promise<Listening> => {
  const sockets = new Set<Socket>()
  let connections = 0
  const accept = (socket: Socket): void => {
    serve(socket, connection(++connections, front))
  }
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer({ ...tls }, accept)
  // The plain sockets below TLS: one that never shakes hands would hold up the end.
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, '127.0.0.1', resolve)
  await promise
  server.on('error', () => {})
  return {
    port: (server.address() as AddressInfo).port, // a TCP server has an address of this kind
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
