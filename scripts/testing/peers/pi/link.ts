import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { Argv } from '../../../cli/run.ts'

/** How a line is down: connections are reset at once, or nothing moves and nothing is said. */
export type Down = 'refuse' | 'hang'

/** The line between a client and the stand-in. Figures are bytes from the client to the host. */
export type Link = {
  /** Cuts the line once, when exactly so many more bytes have passed: every connection is reset, new ones work. */
  readonly cutAfter: (bytes: number, options?: { readonly noticed?: Noticed }) => void
  /** Until `up`. `refuse` resets what is open; `hang` holds it, and it goes on after `up`. */
  readonly down: (how: Down) => void
  readonly up: () => void
  /** Bytes that passed so far. */
  readonly sent: () => number
  /** Bytes from the host to the client so far. */
  readonly received: () => number
}

/** A link with its end on 127.0.0.1. */
export type Relay = {
  readonly link: Link
  readonly port: number
  /** Resets every connection, as a host that loses its power does. */
  readonly reset: () => void
  readonly close: () => Promise<void>
}

/**
 * When the host hears of a cut. `late`: after all that passed has reached its program, as when a laptop is
 * closed. `at once`: as when a router says so; a real sshd then drops what it has read but not yet handed to
 * the program, up to its window of 2 MiB.
 */
export type Noticed = 'late' | 'at once'

/** From the cut to the end of the server's input. */
const NOTICED_MS: Readonly<Record<Noticed, number>> = { late: 100, 'at once': 0 }

/** One open connection. */
type Line = { readonly hold: () => void; readonly go: () => void; readonly reset: (noticed: Noticed) => void }

/**
 * Listens on a free port of 127.0.0.1 and starts `server()` for each connection, with the connection as its
 * standard input and output and its standard error appended to `log`. Where `server` answers undefined the
 * host is off and the connection is reset.
 */
export const openRelay = async ({
  server,
  log,
}: {
  readonly server: () => Argv | undefined
  readonly log: string
}): Promise<Relay> => {
  const lines = new Set<Line>()
  let state: Down | 'up' = 'up'
  let sent = 0
  let received = 0
  let cutAt = Number.POSITIVE_INFINITY

  let cutNoticed: Noticed = 'late'

  const resetAll = (noticed: Noticed = 'at once') => {
    for (const line of lines) line.reset(noticed)
  }

  const join = (client: Socket, argv: Argv) => {
    const err = openSync(log, 'a')
    const [program, ...args] = argv
    const host = spawn(program, args, { stdio: ['pipe', 'pipe', err] })
    const { stdin, stdout } = host
    // The types know of no literal 'pipe' beside a number; Node makes both streams for it.
    if (stdin === null || stdout === null) throw new Error('the server has no pipes')
    closeSync(err)
    const line: Line = {
      hold: () => {
        client.pause()
        stdout.pause()
      },
      go: () => {
        client.resume()
        stdout.resume()
      },
      // What passed is with the server; what it answers is lost.
      reset: (noticed) => {
        if (!lines.delete(line)) return
        client.resetAndDestroy()
        stdout.removeAllListeners('data')
        stdout.resume()
        setTimeout(() => stdin.end(), NOTICED_MS[noticed]).unref()
      },
    }
    lines.add(line)
    if (state === 'hang') line.hold()

    client.on('data', (bytes: Buffer) => {
      const room = cutAt - sent
      const part = bytes.length < room ? bytes : bytes.subarray(0, room)
      sent += part.length
      const flows = stdin.write(part)
      if (bytes.length >= room) {
        cutAt = Number.POSITIVE_INFINITY
        resetAll(cutNoticed)
      } else if (!flows) {
        client.pause()
        stdin.once('drain', () => state !== 'hang' && client.resume())
      }
    })
    stdout.on('data', (bytes: Buffer) => {
      received += bytes.length
      if (client.destroyed || client.write(bytes)) return
      stdout.pause()
      client.once('drain', () => state !== 'hang' && stdout.resume())
    })
    // A reset ends the client's side too, in its own time.
    client.on('end', () => {
      if (lines.has(line)) stdin.end()
    })
    stdout.on('end', () => client.end())
    client.on('close', () => {
      if (lines.delete(line)) stdin.end()
    })
    for (const end of [client, stdin, stdout, host]) end.on('error', () => line.reset('at once'))
  }

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.setNoDelay(true)
    const argv = server()
    if (state !== 'refuse' && argv !== undefined) join(client, argv)
    else client.resetAndDestroy()
  })
  await new Promise<void>((done, fail) => {
    listener.once('error', fail)
    listener.listen(0, '127.0.0.1', done)
  })
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')

  return {
    port: address.port,
    reset: () => resetAll(),
    close: async () => {
      resetAll()
      await new Promise<void>((done) => listener.close(() => done()))
    },
    link: {
      cutAfter: (bytes, { noticed = 'late' } = {}) => {
        cutNoticed = noticed
        cutAt = sent + bytes
      },
      down: (how) => {
        state = how
        if (how === 'refuse') resetAll()
        else for (const line of lines) line.hold()
      },
      up: () => {
        state = 'up'
        for (const line of lines) line.go()
      },
      sent: () => sent,
      received: () => received,
    },
  }
}
