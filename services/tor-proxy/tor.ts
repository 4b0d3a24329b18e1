import { readFileSync, writeFileSync } from 'node:fs'
import { keepRunning } from '#common/process/child'
import type { Log } from '#common/process/log'
import type { Control } from './control.ts'
import { readLogLine } from './log-line.ts'
import type { TorState } from './state.ts'
import { torConnection } from './tor-connection.ts'

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
  /** Where its control port is, and the file with its cookie. */
  readonly control: { readonly host: string; readonly port: number; readonly cookie: string }
  readonly nonce: () => Uint8Array
  readonly log: Log
  readonly onHopeless: (why: string) => void
}

/** The machine's own torrc and defaults have no say. */
const buildArgv = ({ program, file }: TorOptions): readonly string[] => [
  program,
  ...['-f', file, '--defaults-torrc', `${file}.defaults`],
]

const verify = async (options: TorOptions): Promise<void> => {
  const { file, torrc, log } = options
  writeFileSync(file, torrc, { mode: 0o600 })
  writeFileSync(`${file}.defaults`, '', { mode: 0o600 })
  const test = Bun.spawn([...buildArgv(options), '--verify-config'], {
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
  const { log, nonce, control, onHopeless } = options
  const { host, port, cookie } = control
  await verify(options)
  const connection = torConnection({ host, port, nonce, readCookie: () => readFileSync(cookie) })
  const child = keepRunning({
    argv: buildArgv(options),
    onLine: (line) => {
      const { level, message } = readLogLine(line)
      log[level]('tor', { said: message })
    },
    onStart: (pid) => {
      log.info('tor-started', { pid })
      connection.begin()
    },
    onEnd: ({ why, delayMs }) => {
      connection.end()
      log.error('tor-ended', { why, again_in_ms: delayMs })
    },
    onHopeless: (why) => {
      connection.end()
      onHopeless(why)
    },
  })
  await connection.opened
  return {
    state: connection.state,
    control: connection.control,
    restarts: child.restarts,
    stop: async (graceMs) => {
      connection.close()
      await child.stop('SIGTERM', graceMs)
    },
  }
}
