import { readFileSync, writeFileSync } from 'node:fs'
import { keepRunning } from '#common/process/child'
import { Fault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import { type Control, openControl } from './control.ts'
import { readLogLine } from './log-line.ts'
import { after, freshState, type TorState } from './state.ts'

/** A running tor. */
export type Tor = {
  readonly state: () => TorState
  /** The control connection. Throws Fault `unavailable` while there is none. */
  readonly control: () => Control
  readonly restarts: () => number
  readonly stop: (graceMs: number) => Promise<void>
}

export type TorOptions = {
  readonly program: string
  /** Where the torrc is put, and its text. */
  readonly file: string
  readonly torrc: string
  /** Its control port, and the file with the cookie: by that each side proves itself, so no stranger on the port learns a thing. */
  readonly control: { readonly host: string; readonly port: number; readonly cookie: string }
  readonly nonce: () => Uint8Array
  readonly log: Log
  readonly onHopeless: (why: string) => void
}

/** Between two attempts to reach a control port that does not listen yet, ms. */
const AGAIN = 50

/** The machine's own torrc and defaults have no say. */
const argvOf = ({ program, file }: TorOptions): readonly string[] => [
  program,
  ...['-f', file, '--defaults-torrc', `${file}.defaults`],
]

const verify = async (options: TorOptions): Promise<void> => {
  const { file, torrc, log } = options
  writeFileSync(file, torrc, { mode: 0o600 })
  writeFileSync(`${file}.defaults`, '', { mode: 0o600 })
  const test = Bun.spawn([...argvOf(options), '--verify-config'], {
    env: {},
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const [said, code] = await Promise.all([new Response(test.stdout).text(), test.exited])
  if (code === 0) return
  for (const line of said.trim().split('\n')) {
    const { level, message } = readLogLine(line)
    if (level !== 'info') log.error('tor', { said: message })
  }
  throw new Error('tor refuses its configuration; the log says why')
}

/** Starts tor and resolves when its control port lets us in. Throws when tor refuses its configuration. */
export const startTor = async (options: TorOptions): Promise<Tor> => {
  const { log, nonce, onHopeless } = options
  const { host, port, cookie } = options.control
  let state = freshState
  let open: Control | undefined
  let run = 0
  let last: unknown
  const first = Promise.withResolvers<void>()

  /** One control connection for as long as this tor lives. */
  const attend = async (own: number): Promise<void> => {
    while (own === run) {
      try {
        const control = await openControl({
          ...{ host, port, nonce: nonce() },
          credential: { kind: 'cookie', cookie: readFileSync(cookie) },
          onEvent: (reply) => {
            if (own === run) state = after(state, reply)
          },
        })
        await control.ask('SETEVENTS STATUS_CLIENT HS_DESC')
        state = after(state, { lines: [await control.info('status/bootstrap-phase')] })
        open = control
        first.resolve()
        await control.closed
        open = undefined
      } catch (error) {
        open = undefined
        // Nobody listens yet, or the cookie is still that of the tor before: the next attempt is soon.
        last = error
      }
      await Bun.sleep(AGAIN)
    }
  }

  await verify(options)
  const child = keepRunning({
    argv: argvOf(options),
    onLine: (line) => {
      const { level, message } = readLogLine(line)
      log[level]('tor', { said: message })
    },
    onStart: (pid) => {
      log.info('tor-started', { pid })
      state = freshState
      void attend(++run)
    },
    onEnd: ({ why, delayMs }) => {
      run++
      log.error('tor-ended', { why, again_in_ms: delayMs })
    },
    onHopeless: (why) => {
      run++
      onHopeless(why)
    },
  })
  await first.promise
  return {
    state: () => state,
    control: () => {
      if (open === undefined)
        throw new Fault('unavailable', 'tor-down', 'tor does not answer; it is started again', {
          cause: last,
        })
      return open
    },
    restarts: child.restarts,
    stop: async (graceMs) => {
      run++
      open?.close()
      await child.stop('SIGTERM', graceMs)
    },
  }
}
