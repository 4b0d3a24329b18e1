import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '#common/testing/free-ports'
import { startMain } from '#common/testing/start-main'

/** What the tests use as TOR_CONTROL_PASSWORD. */
export const PASSWORD = 'cd'.repeat(32)

/** The real service as a process of its own, on its state in `home`, once it listens. */
export const startTorProxy = async (home: string, env: Readonly<Record<string, string>> = {}) => {
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'identities.json'), '{}')
  const [port = 0, socks = 0, control = 0, http = 0] = freePorts(4)
  const main = startMain(import.meta.dir, {
    PORT: String(port),
    SOCKS_PORT: String(socks),
    CONTROL_PORT: String(control),
    HTTP_PORT: String(http),
    LUCID_DATA: join(home, 'data'),
    ONION_STATE: join(home, 'addresses'),
    IDENTITY_KEY: 'ab'.repeat(32),
    IDENTITY_PEERS_FILE: join(home, 'identities.json'),
    TOR_CONTROL_PASSWORD: PASSWORD,
    API_GATEWAY_ONION: '127.0.0.1:1',
    ...env,
  })
  await main.port
  return {
    url: `http://127.0.0.1:${port}`,
    ports: { socks, control, http },
    process: main.process,
    said: main.said,
    /** The id of the newest tor. */
    tor: () => Number([...main.said().matchAll(/"event":"tor-started","pid":(\d+)/g)].at(-1)?.[1]),
  }
}

export type TorProxy = Awaited<ReturnType<typeof startTorProxy>>

/** Ends it and waits until it is gone. */
export const end = async ({ process: child }: TorProxy, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  child.kill(signal)
  await child.exited
}

/** Sends bytes, reads until the other side closes or `enough` says so. */
const talk = (
  port: number,
  steps: readonly { readonly send: Uint8Array; readonly enough: (bytes: Buffer) => boolean }[],
): Promise<Buffer> =>
  new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1')
    let at = 0
    let heard = Buffer.alloc(0)
    const next = () => {
      const step = steps[at]
      if (step === undefined) return
      heard = Buffer.alloc(0)
      socket.write(step.send)
    }
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer in time')))
    socket.on('connect', next)
    socket.on('error', failed)
    socket.on('close', () => done(heard))
    socket.on('data', (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes])
      if (at < steps.length - 1 && steps[at]?.enough(heard)) {
        at++
        next()
      }
    })
  })

const getRequest = (host: string, path: string) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)

/** GET through SOCKS5 (RFC 1928) with the name resolved at the other end; what came after the greeting. */
export const getBySocks = async (port: number, host: string, path: string): Promise<string> => {
  const name = Buffer.from(host)
  const reply = await talk(port, [
    { send: Buffer.from([5, 1, 0]), enough: (bytes) => bytes.length >= 2 },
    {
      send: Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([0, 80])]),
      enough: (bytes) => bytes.length >= 10 && bytes[1] === 0,
    },
    { send: getRequest(host, path), enough: () => false },
  ])
  return reply.toString('latin1')
}

/** GET through HTTP CONNECT. */
export const getByTunnel = async (port: number, host: string, path: string): Promise<string> => {
  const reply = await talk(port, [
    {
      send: Buffer.from(`CONNECT ${host}:80 HTTP/1.1\r\nHost: ${host}:80\r\n\r\n`),
      enough: (bytes) => bytes.includes('\r\n\r\n') && bytes.toString('latin1').startsWith('HTTP/1.0 200'),
    },
    { send: getRequest(host, path), enough: () => false },
  ])
  return reply.toString('latin1')
}
