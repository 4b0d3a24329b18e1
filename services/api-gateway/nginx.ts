import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { retry } from '#common/process/backoff'
import { keepRunning } from '#common/process/child'
import { Fault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import { readLogLine } from './log-line.ts'
import { socketsIn } from './settings.ts'
import { type Counts, readStubStatus } from './stub-status.ts'

/** A running NGINX. */
export type Nginx = {
  /** What it counts. Throws Fault `unavailable` when it does not answer. */
  readonly counts: () => Promise<Counts>
  readonly restarts: () => number
  /** Renders anew and has it read; a configuration that NGINX refuses changes nothing. Throws then. */
  readonly reload: () => Promise<void>
  /** Finishes the requests in flight, then ends; cuts them off after `graceMs`. */
  readonly stop: (graceMs: number) => Promise<void>
}

export type NginxOptions = {
  readonly program: string
  readonly folder: string
  readonly render: () => string
  readonly log: Log
  /** It cannot be kept running. */
  readonly onHopeless: (why: string) => void
}

/** Between two questions to an NGINX that was just started, ms; it has ten seconds to answer. */
const AGAIN = 20
const TRIES = 10_000 / AGAIN

const buildArgv = (program: string, folder: string, conf: string): readonly string[] => [
  program,
  ...['-p', folder, '-e', 'stderr', '-c', conf],
]

/** Writes the configuration where NGINX reads it, once `nginx -t` has found nothing wrong with it. */
const install = async ({ program, folder, render, log }: NginxOptions, conf: string): Promise<void> => {
  const next = `${conf}.next`
  writeFileSync(next, render(), { mode: 0o600 })
  const test = Bun.spawn([...buildArgv(program, folder, next), '-t'], {
    env: {},
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const [said, code] = await Promise.all([new Response(test.stderr).text(), test.exited])
  if (code !== 0) {
    for (const line of said.trim().split('\n')) log.error('nginx', { said: readLogLine(line).message })
    throw new Error('NGINX refuses its configuration; the log says why')
  }
  renameSync(next, conf)
}

/** Starts NGINX and resolves when it answers. Throws when it does not. */
export const startNginx = async (options: NginxOptions): Promise<Nginx> => {
  const { program, folder, log, onHopeless } = options
  const conf = join(folder, 'nginx.conf')
  const socket = socketsIn(folder).nginx
  await install(options, conf)
  const child = keepRunning({
    argv: buildArgv(program, folder, conf),
    onLine: (line) => {
      const { level, message } = readLogLine(line)
      log[level]('nginx', { said: message })
    },
    // NGINX does not take over a socket that one which was killed left behind.
    beforeStart: () => rmSync(socket, { force: true }),
    onStart: (pid) => log.info('nginx-started', { pid }),
    onEnd: ({ why, delayMs }) => log.error('nginx-ended', { why, again_in_ms: delayMs }),
    onHopeless,
  })
  const counts = async (): Promise<Counts> => {
    try {
      const reply = await fetch('http://localhost/nginx', {
        unix: socket,
        keepalive: false,
        signal: AbortSignal.timeout(2_000),
      })
      return readStubStatus(await reply.text())
    } catch (cause) {
      throw new Fault('unavailable', 'nginx-down', 'NGINX does not answer; it is started again', { cause })
    }
  }
  await retry(counts, { tries: TRIES, isPassing: () => true, delay: () => AGAIN, pause: Bun.sleep })
  return {
    counts,
    restarts: child.restarts,
    reload: async () => {
      await install(options, conf)
      child.signal('SIGHUP')
    },
    stop: (graceMs) => child.stop('SIGQUIT', graceMs),
  }
}
