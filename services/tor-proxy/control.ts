import { connect } from 'node:net'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { Fault } from '#common/process/fault'
import { concat, fromHex, utf8 } from '#common/stream/bytes'
import { parsePairs, type Reply, replyReader } from './reply.ts'

/** How the control port is opened: by the password, or by the cookie that tor keeps in a file (SAFECOOKIE). */
export type Credential =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'cookie'; readonly cookie: Uint8Array }

/** An open, authenticated control connection. */
export type Control = {
  /** Sends a command line. Throws Fault `unavailable` for any reply but 25x, and when the connection ends. */
  readonly ask: (command: string) => Promise<Reply>
  /** The value of one GETINFO key. */
  readonly info: (key: string) => Promise<string>
  readonly close: () => void
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
}

export type ControlOptions = {
  readonly host: string
  readonly port: number
  readonly credential: Credential
  /** 32 random bytes for SAFECOOKIE. */
  readonly nonce: Uint8Array
  readonly onEvent?: (reply: Reply) => void
  readonly timeoutMs?: number
}

const gone = (cause?: unknown) =>
  new Fault('unavailable', 'tor-control-gone', "tor's control port does not answer", { cause, retryAfter: 1000 })

/** 25x is yes (control-spec: 250, 251, 252). */
const isYes = ({ code }: Reply): boolean => code >= 250 && code < 260

const refused = (reply: Reply) =>
  new Fault('unavailable', 'tor-refuses', `tor refuses: ${reply.code} ${reply.lines.at(-1) ?? ''}`)

const proof = (from: 'server-to-controller' | 'controller-to-server', message: Uint8Array): string =>
  hmac(sha256, utf8(`Tor safe cookie authentication ${from} hash`), message).toHex()

const sameText = (a: string, b: string): boolean =>
  a.length === b.length && [...a].reduce((bits, sign, at) => bits | (sign.charCodeAt(0) ^ b.charCodeAt(at)), 0) === 0

/** SAFECOOKIE (control-spec, section 3.24): both sides show that they know the cookie, neither says it. */
const byCookie = async (ask: Control['ask'], cookie: Uint8Array, nonce: Uint8Array): Promise<void> => {
  const said = parsePairs((await ask(`AUTHCHALLENGE SAFECOOKIE ${nonce.toHex()}`)).lines.join(' '))
  const serverNonce = fromHex((said['SERVERNONCE'] ?? '').toLowerCase(), 32)
  const message = concat(cookie, nonce, serverNonce)
  if (!sameText(proof('server-to-controller', message), (said['SERVERHASH'] ?? '').toLowerCase()))
    throw new Fault('unavailable', 'not-our-tor', 'what listens on the control port does not know the cookie')
  await ask(`AUTHENTICATE ${proof('controller-to-server', message)}`)
}

type Waiter = { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }

type ConnectionOptions = Required<Pick<ControlOptions, 'host' | 'port' | 'onEvent' | 'timeoutMs'>>

/** A connection on which each command gets the reply that comes next, before anybody has proved anything. */
const openConnection = ({ host, port, onEvent, timeoutMs }: ConnectionOptions) => {
  const socket = connect(port, host)
  socket.setEncoding('latin1')
  const waiting: Waiter[] = []
  const closed = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const read = replyReader()
  let failure: unknown
  socket.on('connect', () => opened.resolve())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    opened.reject(gone(failure))
    for (const { reject } of waiting.splice(0)) reject(gone(failure))
    closed.resolve()
  })
  socket.on('data', (text) => {
    try {
      for (const reply of read(String(text)))
        if (reply.event) onEvent(reply)
        else waiting.shift()?.resolve(reply)
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined)
    }
  })

  const ask = async (command: string): Promise<Reply> => {
    if (/[\r\n]/.test(command)) throw new Error('a control command is one line')
    if (socket.destroyed) throw gone(failure)
    const answered = Promise.withResolvers<Reply>()
    waiting.push(answered)
    // A reply that does not come would be taken for that of the next command: the connection is of no use then.
    const late = setTimeout(() => socket.destroy(), timeoutMs)
    try {
      socket.write(`${command}\r\n`)
      const reply = await answered.promise
      if (!isYes(reply)) throw refused(reply)
      return reply
    } finally {
      clearTimeout(late)
    }
  }

  return { ask, opened: opened.promise, closed: closed.promise, close: () => void socket.destroy() }
}

/** Connects and authenticates. Throws Fault `unavailable` when nobody listens or tor refuses. */
export const openControl = async (options: ControlOptions): Promise<Control> => {
  const { host, port, credential, nonce, onEvent = () => {}, timeoutMs = 5_000 } = options
  const { ask, opened, closed, close } = openConnection({ host, port, onEvent, timeoutMs })
  try {
    await opened
    if (credential.kind === 'password') await ask(`AUTHENTICATE "${credential.password.replaceAll(/["\\]/g, '\\$&')}"`)
    else await byCookie(ask, credential.cookie, nonce)
  } catch (error) {
    close()
    throw error
  }
  return {
    ask,
    info: async (key) => {
      const [first = ''] = (await ask(`GETINFO ${key}`)).lines
      return first.slice(key.length + 1).replace(/^\n/, '')
    },
    close,
    closed,
  }
}
