import { connect } from 'node:net'
import type { AnyElysia } from 'elysia'

/**
 * An app on a free port of loopback, or again on a port that it had, for promises that only a real server can keep or
 * break; `stop` cuts what is still connected.
 */
export const listening = (app: AnyElysia, again = 0) => {
  app.listen({ hostname: '127.0.0.1', port: again })
  const port = app.server?.port
  if (port === undefined) throw new Error('the app does not listen')
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    /** Requests that are being answered. */
    pending: () => app.server?.pendingRequests ?? 0,
    stop: async () => {
      await app.stop(true)
    },
  }
}

/** A TCP connection that says whatever a test wants, well-formed or not. */
export type Wire = {
  readonly write: (text: string | Uint8Array) => void
  /** Ends our side politely (FIN), or breaks off (RST). */
  readonly end: () => void
  readonly reset: () => void
  /** All that came back until the other side closed. */
  readonly reply: Promise<string>
}

/** Opens a connection to loopback. */
export const wire = (port: number): Promise<Wire> =>
  new Promise((opened, failed) => {
    const socket = connect(port, '127.0.0.1')
    const reply = Promise.withResolvers<string>()
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1')
    })
    socket.on('error', failed) // before it is open; afterwards `close` follows and tells what came
    socket.on('close', () => reply.resolve(said))
    socket.on('connect', () =>
      opened({
        write: (text) => void socket.write(text),
        end: () => void socket.end(),
        reset: () => void socket.resetAndDestroy(),
        reply: reply.promise,
      }),
    )
  })

/** What a raw reply says: status, headers by lower-case name, body. */
export const readReply = (raw: string) => {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}

/** Sends one request as written and reads the reply; it must ask for `connection: close`. */
export const exchange = async (port: number, ...parts: readonly (string | Uint8Array)[]) => {
  const line = await wire(port)
  for (const part of parts) line.write(part)
  return readReply(await line.reply)
}
