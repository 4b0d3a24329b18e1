import { closeSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argv, live, type Ran } from '../../../cli/run.ts'
import { waitForEnd } from '../../../platform/process.ts'
import { type Absent, becomesReady, childrenOf, lastLineOf, requireSuccess } from '../processes.ts'
import { cgroupName, removeCgroup, removeLeftoverCgroups } from './cgroups.ts'
import {
  composeArgv,
  dockerdArgv,
  type EngineExtras,
  type EngineFolders,
  type EnginePrograms,
  enterArgv,
  foldersOf,
  insideArgv,
} from './commands.ts'
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
  /** What `docker ARGS` prints, trimmed. Throws Error with what the engine says when it refuses. */
  readonly answer: (args: readonly string[]) => Promise<string>
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

/** The engine's configuration for each store. */
const settings = { classic: {}, containerd: { features: { 'containerd-snapshotter': true } } } as const

type Options = { readonly folder: string; readonly store?: ImageStore } & Omit<EngineExtras, 'config'>

/** Lays out the folder of an engine and answers the path of its configuration. */
const prepareFolder = (
  folder: string,
  folders: EngineFolders,
  { compose, store }: { readonly compose: string; readonly store: ImageStore },
): string => {
  const plugins = join(folder, 'config', 'cli-plugins')
  for (const path of [folders.data, folders.exec, plugins]) mkdirSync(path, { recursive: true })
  // What an engine that was killed leaves in its folder would be believed by the next.
  for (const path of [folders.pidFile, folders.socket]) rmSync(path, { force: true })
  rmSync(folders.exec, { recursive: true })
  rmSync(join(plugins, 'docker-compose'), { force: true })
  symlinkSync(compose, join(plugins, 'docker-compose'))
  // Written for the classic store too: the machine's own /etc/docker/daemon.json is not ours.
  const config = join(folder, 'daemon.json')
  writeFileSync(config, JSON.stringify(settings[store]))
  return config
}

/** Starts the engine's processes; their log is `folder/dockerd.log`. Answers them, and how to end them. */
const launch = (
  { folder, store = 'classic', setup, socket }: Options,
  folders: EngineFolders,
  programs: EnginePrograms,
) => {
  const config = prepareFolder(folder, folders, { compose: programs.compose, store })
  const cgroup = cgroupName(process.pid, crypto.randomUUID().slice(0, 8))
  const log = join(folder, 'dockerd.log')
  const out = openSync(log, 'w')
  const extras = { config, ...(setup && { setup }), ...(socket && { socket }) }
  const child = Bun.spawn([...dockerdArgv(programs, folders, cgroup, extras)], {
    env: { PATH: programs.path, HOME: folder },
    stdio: ['ignore', out, out],
  })
  closeSync(out)
  /** The first process in the engine's namespaces. */
  const init = () => childrenOf(child.pid)[0]
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const first = init()
    if (first !== undefined) process.kill(first, signal)
    else child.kill('SIGKILL')
    const [left] = await waitForEnd([child.pid], STOP_MS)
    if (left !== undefined) {
      child.kill('SIGKILL')
      await child.exited
    }
    removeCgroup(cgroup)
  }
  return { child, log, first: () => init() ?? child.pid, end }
}

/**
 * A dockerd of the tests' own, with data, socket, process, mount and network namespaces of its own under
 * `folder`, so that any number may run side by side. It dies with this process. `absent` says why it cannot
 * be had on this machine.
 */
export const startDocker = async (options: Options): Promise<OwnEngine | Absent> => {
  const programs = await enginePrograms(options.store ?? 'classic')
  if ('absent' in programs) return programs
  removeLeftoverCgroups()
  const folders = foldersOf(options.folder)
  const { child, log, first, end } = launch(options, folders, programs)
  const env = {
    PATH: programs.path,
    DOCKER_HOST: `unix://${folders.socket}`,
    DOCKER_CONFIG: join(options.folder, 'config'),
  }
  const run = (args: readonly string[], more = {}) => live([programs.docker, ...args], { env: { ...env, ...more } })
  const answers = async () => (await run(['info', '--format', '{{.ServerVersion}}'])).code === 0
  if (!(await becomesReady(child, answers, { deadlineMs: START_MS, everyMs: 100 }))) {
    await end('SIGKILL')
    return { absent: `dockerd does not start here: ${lastLineOf(log)}` }
  }
  return {
    host: env.DOCKER_HOST,
    env,
    run,
    answer: (args) => requireSuccess(`docker ${args.join(' ')}`, run(args)),
    compose: (files, args, { envFile, env: more } = {}) =>
      run(composeArgv(files, args, envFile === undefined ? {} : { envFile }), more),
    inside: (argv) => insideArgv(first(), argv),
    enter: (argv) => enterArgv(first(), argv),
    outside: (path) => `/proc/${first()}/root${path}`,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
