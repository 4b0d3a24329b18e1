import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Argv, live, type Ran } from '../../../cli/run.ts'
import { waitForEnd } from '../../../platform/process.ts'
import { cgroupName, removeCgroup, removeLeftoverCgroups } from './cgroups.ts'
import { composeArgv, dockerdArgv, type EngineExtras, enterArgv, foldersOf, insideArgv } from './commands.ts'
import { enginePrograms, type ImageStore } from './programs.ts'

const START_MS = 60_000
const STOP_MS = 30_000

/** A dockerd that belongs to one test. */
export type DockerEngine = {
  /** `unix://...`, for DOCKER_HOST. */
  readonly host: string
  /** DOCKER_HOST, DOCKER_CONFIG (with the Compose v2 plugin) and a PATH on which `docker` fits the engine. */
  readonly env: Readonly<Record<string, string>>
  /** `docker ARGS`; never throws for what it does. */
  readonly run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>
  /** `docker compose --file ... ARGS`. */
  readonly compose: (
    files: readonly string[],
    args: readonly string[],
    options?: { readonly envFile?: string; readonly env?: Readonly<Record<string, string>> },
  ) => Promise<Ran>
  /** The argument list that runs a command in the engine's network, where 127.0.0.1:PORT are published ports. */
  readonly inside: (argv: readonly string[]) => Argv
  /** Ends containers and engine in order. The folder stays: another engine may be started on it. */
  readonly stop: () => Promise<void>
  /** SIGKILL to the engine and every container at once, as a power cut does. */
  readonly kill: () => Promise<void>
}

/** One whose namespaces are ours to enter. */
export type OwnEngine = DockerEngine & {
  /** The argument list that runs a command as root among the engine's files, processes and network. */
  readonly enter: (argv: readonly string[]) => Argv
  /** Where this process sees a path of the engine's mount namespace, while the engine runs. */
  readonly outside: (path: string) => string
}

export type Absent = { readonly absent: string }

/** The engine's configuration for each store. */
const settings = {
  classic: {},
  containerd: { features: { 'containerd-snapshotter': true } },
} as const

/** The host's ids of a process's direct children. */
const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

const lastLine = (path: string): string =>
  existsSync(path) ? (readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '') : ''

/**
 * A dockerd of the tests' own, with data, socket, process, mount and network namespaces of its own under
 * `folder`, so that any number may run side by side. It dies with this process. `absent` says why it cannot
 * be had on this machine.
 */
export const startDocker = async ({
  folder,
  store = 'classic',
  setup,
  socket,
}: {
  readonly folder: string
  readonly store?: ImageStore
} & Omit<EngineExtras, 'config'>): Promise<OwnEngine | Absent> => {
  const programs = await enginePrograms(store)
  if ('absent' in programs) return programs
  removeLeftoverCgroups()

  const folders = foldersOf(folder)
  const config = join(folder, 'config', 'cli-plugins')
  for (const path of [folders.data, folders.exec, config]) mkdirSync(path, { recursive: true })
  // What an engine that was killed leaves in its folder would be believed by the next.
  for (const path of [folders.pidFile, folders.socket]) rmSync(path, { force: true })
  rmSync(folders.exec, { recursive: true })
  rmSync(join(config, 'docker-compose'), { force: true })
  symlinkSync(programs.compose, join(config, 'docker-compose'))

  // Written for the classic store too: the machine's own /etc/docker/daemon.json is not ours.
  const configFile = join(folder, 'daemon.json')
  writeFileSync(configFile, JSON.stringify(settings[store]))
  const cgroup = cgroupName(process.pid, crypto.randomUUID().slice(0, 8))
  const log = join(folder, 'dockerd.log')
  const out = openSync(log, 'w')
  const extras = { config: configFile, ...(setup && { setup }), ...(socket && { socket }) }
  const engine = Bun.spawn([...dockerdArgv(programs, folders, cgroup, extras)], {
    env: { PATH: programs.path, HOME: folder },
    stdio: ['ignore', out, out],
  })
  closeSync(out)
  const env = {
    PATH: programs.path,
    DOCKER_HOST: `unix://${folders.socket}`,
    DOCKER_CONFIG: join(folder, 'config'),
  }
  const run = (args: readonly string[], more = {}) =>
    live([programs.docker, ...args], { env: { ...env, ...more } })

  const ended = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const [init] = childrenOf(engine.pid)
    if (init !== undefined) process.kill(init, signal)
    else engine.kill('SIGKILL')
    const [left] = await waitForEnd([engine.pid], STOP_MS)
    if (left !== undefined) {
      engine.kill('SIGKILL')
      await engine.exited
    }
    removeCgroup(cgroup)
  }

  const until = performance.now() + START_MS
  while ((await run(['info', '--format', '{{.ServerVersion}}'])).code !== 0) {
    if (engine.exitCode !== null || performance.now() > until) {
      await ended('SIGKILL')
      return { absent: `dockerd does not start here: ${lastLine(log)}` }
    }
    await Bun.sleep(100)
  }

  const first = () => childrenOf(engine.pid)[0] ?? engine.pid
  return {
    host: env.DOCKER_HOST,
    env,
    run,
    compose: (files, args, { envFile, env: more } = {}) =>
      run(composeArgv(files, args, envFile === undefined ? {} : { envFile }), more),
    inside: (argv) => insideArgv(first(), argv),
    enter: (argv) => enterArgv(first(), argv),
    outside: (path) => `/proc/${first()}/root${path}`,
    stop: () => ended('SIGTERM'),
    kill: () => ended('SIGKILL'),
  }
}
