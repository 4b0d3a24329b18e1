import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Argv } from '../../../cli/run.ts'
import { freePorts } from '../../../platform/ports.ts'
import { missingProgram } from '../docker/programs.ts'
import { type Absent, becomesReady, lastLineOf } from '../processes.ts'

/** A docker-registry of a test's own: the reference implementation of the distribution API. */
export type RegistryPeer = {
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly host: string
  readonly port: number
  readonly stop: () => Promise<void>
}

export type RegistryOptions = {
  /** Where it keeps its blobs; another registry may be started on it later. */
  readonly folder: string
  /** Runs the command elsewhere: in the network of a Docker engine. */
  readonly inside?: (argv: readonly string[]) => Argv
  /** A port that is known to be free where it runs; one of this machine unless given. */
  readonly port?: number
  /** Who may come in, name to password; everybody unless given. */
  readonly users?: Readonly<Record<string, string>>
}

const START_MS = 20_000

const htpasswd = async (users: Readonly<Record<string, string>>): Promise<string> => {
  const lines = await Promise.all(
    Object.entries(users).map(async ([user, password]) => {
      const hash = await Bun.password.hash(password, { algorithm: 'bcrypt', cost: 4 })
      return `${user}:${hash}\n`
    }),
  )
  return lines.join('')
}

/** Starts a registry on a free loopback port. `absent` says why it cannot be had on this machine. */
export const startRegistry = async ({
  folder,
  inside = (argv) => [argv[0] ?? '', ...argv.slice(1)],
  port = freePorts(['registry'])['registry'] ?? 0,
  users,
}: RegistryOptions): Promise<RegistryPeer | Absent> => {
  const gap = missingProgram({ 'docker-registry': 'docker-registry', setpriv: 'util-linux' })
  if (gap) return gap
  mkdirSync(folder, { recursive: true })
  const passwords = join(folder, 'htpasswd')
  if (users !== undefined) writeFileSync(passwords, await htpasswd(users), { mode: 0o600 })
  const config = join(folder, `config-${port}.yml`)
  const settings = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
    ...(users !== undefined && { auth: { htpasswd: { realm: 'test', path: passwords } } }),
  }
  writeFileSync(config, Bun.YAML.stringify(settings, null, 2))
  const path = join(folder, `log-${port}`)
  const log = openSync(path, 'w')
  // It dies with this process, however that ends.
  const child = Bun.spawn([...inside(['setpriv', '--pdeathsig', 'KILL', 'docker-registry', 'serve', config])], {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const stop = async (): Promise<void> => {
    child.kill()
    await child.exited
  }
  // Where the registry runs elsewhere, only somebody there can ask it.
  const probe = inside([process.execPath, '-e', `await fetch("http://127.0.0.1:${port}/v2/")`])
  const answers = async () => (await Bun.spawn([...probe], { stdio: ['ignore', 'ignore', 'ignore'] }).exited) === 0
  if (!(await becomesReady(child, answers, { deadlineMs: START_MS, everyMs: 50 }))) {
    await stop()
    return { absent: `docker-registry does not start here: ${lastLineOf(path)}` }
  }
  return { host: `127.0.0.1:${port}`, port, stop }
}
