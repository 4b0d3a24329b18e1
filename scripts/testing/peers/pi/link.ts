import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Argv } from '../../../cli/run.ts'
import { awaitCalm } from '../processes.ts'

/** How a link is down: connections are reset at once, or nothing moves and nothing is said. */
export type Down = 'refuse' | 'hang'

/**
 * When the host hears of a cut: after all that passed has reached its program, as when a laptop is closed. That is when
 * nothing of the server is at work for a while, ms.
 */
const NOTICED = { calmMs: 100, deadlineMs: 5_000 } as const

/** What the link does with what comes; all connections share it. */
type State = { mode: Down | 'up'; sent: number; received: number; cutAt: number }

/** A connection of the client, joined to a server of its own. */
type Connection = {
  readonly hold: () => void
  readonly resume: () => void
  /** What passed is with the server; what it answers is lost. */
  readonly reset: (noticed?: 'late' | 'at once') => void
}

type Shared = {
  readonly state: State
  readonly connections: Set<Connection>
  readonly resetAll: (noticed?: 'late' | 'at once') => void
}

/** Starts a server with pipes; its standard error is appended to `log`. */
const startServer = ([program, ...args]: Argv, log: string) => {
  const err = openSync(log, 'a')
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', err] })
  closeSync(err)
  const { stdin, stdout } = child
  // The types know of no literal 'pipe' beside a number; Node makes both streams for it.
  if (stdin === null || stdout === null) throw new Error('the server has no pipes')
  return { child, stdin, stdout }
}

type Server = ReturnType<typeof startServer>

const openConnection = (client: Socket, { child, stdin, stdout }: Server, { connections }: Shared): Connection => {
  const connection: Connection = {
    hold: () => {
      client.pause()
      stdout.pause()
    },
    resume: () => {
      client.resume()
      stdout.resume()
    },
    reset: (noticed = 'at once') => {
      if (!connections.delete(connection)) return
      client.resetAndDestroy()
      stdout.removeAllListeners('data')
      stdout.resume()
      if (noticed === 'at once') stdin.end()
      else void awaitCalm(child.pid ?? 0, NOTICED).then(() => stdin.end())
    },
  }
  connections.add(connection)
  return connection
}

/** Passes bytes both ways, as fast as who takes them. */
const pass = (client: Socket, { stdin, stdout }: Server, { state, resetAll }: Shared): void => {
  const moves = () => state.mode !== 'hang'
  client.on('data', (bytes: Buffer) => {
    const room = state.cutAt - state.sent
    const part = bytes.length < room ? bytes : bytes.subarray(0, room)
    state.sent += part.length
    const flows = stdin.write(part)
    if (bytes.length >= room) {
      state.cutAt = Number.POSITIVE_INFINITY
      resetAll('late')
    } else if (!flows) {
      client.pause()
      stdin.once('drain', () => moves() && client.resume())
    }
  })
  stdout.on('data', (bytes: Buffer) => {
    state.received += bytes.length
    if (client.destroyed || client.write(bytes)) return
    stdout.pause()
    client.once('drain', () => moves() && stdout.resume())
  })
}

const join = (client: Socket, server: Server, shared: Shared): void => {
  const { connections, state } = shared
  const { child, stdin, stdout } = server
  const connection = openConnection(client, server, shared)
  if (state.mode === 'hang') connection.hold()
  pass(client, server, shared)
  // A reset ends the client's side too, in its own time.
  client.on('end', () => {
    if (connections.has(connection)) stdin.end()
  })
  stdout.on('end', () => client.end())
  client.on('close', () => {
    if (connections.delete(connection)) stdin.end()
  })
  for (const end of [client, stdin, stdout, child]) end.on('error', () => connection.reset())
}

/** What lies between a client and the emulated Pi. Figures are bytes from the client to the host. */
const controlLink = ({ state, connections, resetAll }: Shared) => ({
  /** Cuts it once, when exactly so many more bytes have passed: every connection is reset, new ones work. */
  cutAfter: (bytes: number): void => {
    state.cutAt = state.sent + bytes
  },
  /** Until `up`. `refuse` resets what is open; `hang` holds it, and it goes on after `up`. */
  down: (how: Down): void => {
    state.mode = how
    if (how === 'refuse') resetAll()
    else for (const connection of connections) connection.hold()
  },
  up: (): void => {
    state.mode = 'up'
    for (const connection of connections) connection.resume()
  },
  /** Bytes that passed so far. */
  sent: () => state.sent,
  /** Bytes from the host to the client so far. */
  received: () => state.received,
})

export type Link = ReturnType<typeof controlLink>

/**
 * Listens on a free port of 127.0.0.1 and starts `server()` for each connection, with the connection as its
 * standard input and output and its standard error appended to `log`. Where `server` answers undefined the
 * host is off and the connection is reset.
 */
export const openRelay = async ({ server, log }: { readonly server: () => Argv | undefined; readonly log: string }) => {
  const state: State = { mode: 'up', sent: 0, received: 0, cutAt: Number.POSITIVE_INFINITY }
  const connections = new Set<Connection>()
  const resetAll = (noticed: 'late' | 'at once' = 'at once') => {
    for (const connection of connections) connection.reset(noticed)
  }
  const shared = { state, connections, resetAll }
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.setNoDelay(true)
    const argv = server()
    if (state.mode !== 'refuse' && argv !== undefined) join(client, startServer(argv, log), shared)
    else client.resetAndDestroy()
  })
  await new Promise<void>((done, fail) => {
    listener.once('error', fail)
    listener.listen(0, '127.0.0.1', done)
  })
  return {
    port: (listener.address() as AddressInfo).port, // a TCP server has an address of this kind
    /** Resets every connection, as a host that loses its power does. */
    reset: () => resetAll(),
    close: async () => {
      resetAll()
      await new Promise<void>((done) => listener.close(() => done()))
    },
    link: controlLink(shared),
  }
}
