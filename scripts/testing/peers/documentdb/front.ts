import { randomBytes } from 'node:crypto'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Accounts } from './accounts.ts'
import { type Connection, type Front, openConnection, type ReplicaSet } from './connection.ts'
import { openCursors } from './cursors.ts'
import type { Pose } from './hello.ts'
import { openPool, type Pool } from './pool.ts'
import { schema } from './schema.ts'
import { openTransactions } from './transactions.ts'
import { buildReply, messageCutter, parseMessage } from './wire.ts'

/** The server of the wire protocol. */
export type Listening = { readonly port: number; readonly close: () => Promise<void> }

export type ListenOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A front before an engine that is up; `run/` of the working folder has its socket. */
export const openFront = async ({
  pose,
  set,
  accounts,
  pool = openPool(),
}: {
  readonly pose: Pose
  readonly set: ReplicaSet
  readonly accounts: Accounts | undefined
  readonly pool?: Pool
}): Promise<Front> => {
  for (const statement of schema) await pool.query(statement, [])
  return {
    pose,
    set,
    accounts,
    pool,
    cursors: openCursors(pool),
    transactions: openTransactions(pool),
    now: () => new Date(),
    nonce: () => randomBytes(18).toString('base64'),
    unmapped: (state, message) =>
      console.error(`DocumentDB for tests: no MongoDB code for ${state || 'an error'}: ${message}`),
  }
}

/** Answers the messages of a socket one after the other. */
const serve = (socket: Socket, client: Connection): void => {
  const cut = messageCutter()
  let queue: Promise<unknown> = Promise.resolve()
  let answers = 0
  const answer = async (bytes: Buffer): Promise<void> => {
    const message = parseMessage(bytes)
    const reply = await client.answer(message.body)
    if (message.answered && !socket.destroyed) socket.write(buildReply(++answers, message, reply))
  }
  socket.setNoDelay(true)
  socket.on('data', (piece: Buffer) => {
    try {
      for (const bytes of cut(piece)) queue = queue.then(() => answer(bytes)).catch(() => socket.destroy())
    } catch {
      socket.destroy() // not this protocol
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => void queue.then(client.gone).catch(() => {}))
}

/** Rejects when the port is taken. */
export const listen = async (front: Front, { host, port, tls }: ListenOptions): Promise<Listening> => {
  const sockets = new Set<Socket>()
  let connections = 0
  const accept = (socket: Socket): void => serve(socket, openConnection(++connections, front))
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer({ ...tls }, accept)
  // The plain sockets below TLS: one that never shakes hands would hold up the end.
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
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
