import type { Argv } from '../../../cli/run.ts'

/** The programs of the engine; absolute paths. */
export type EnginePrograms = {
  readonly dockerd: string
  readonly docker: string
  readonly init: string
  /** The plugin of Compose v2. */
  readonly compose: string
  /** PATH on which the engine finds its helpers and `docker` fits it. */
  readonly path: string
}

/** What an engine has beyond the usual. */
export type EngineExtras = {
  /** A POSIX sh script that root runs in the engine's namespaces before it; when it fails so does the start. */
  readonly setup?: string
  /** A second socket to listen on; a path as the namespaces see it. */
  readonly socket?: string
  /** A configuration file of the engine. */
  readonly config?: string
}

/** All places of an engine under its folder. A socket's path may have 107 bytes, so these names are short. */
export const foldersOf = (folder: string) => ({
  data: `${folder}/data`,
  exec: `${folder}/exec`,
  socket: `${folder}/docker.sock`,
  pidFile: `${folder}/dockerd.pid`,
})

export type EngineFolders = Readonly<ReturnType<typeof foldersOf>>

/**
 * dockerd as the child of an init in process, mount and network namespaces of its own. With the last process
 * of the process namespace everything else in it ends; with the last process of the others their mounts,
 * bridges and firewall rules are gone. `--pdeathsig` and `--kill-child` carry the death of the test down to
 * the init, so that a crash leaves folders behind and nothing that runs.
 */
export const dockerdArgv = (
  { dockerd, init }: Pick<EnginePrograms, 'dockerd' | 'init'>,
  { data, exec, socket, pidFile }: EngineFolders,
  cgroup: string,
  { setup, socket: second, config }: EngineExtras = {},
): Argv => [
  ...(['setpriv', '--pdeathsig', 'KILL'] as const),
  ...['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
  ...['sh', '-c', 'ip link set lo up && exec "$@"', 'lucid-docker'],
  ...(setup === undefined ? [] : ['sh', '-c', 'sh "$0" && exec "$@"', setup]),
  ...[init, '--', dockerd],
  `--data-root=${data}`,
  `--exec-root=${exec}`,
  `--host=unix://${socket}`,
  ...(second === undefined ? [] : [`--host=unix://${second}`]),
  ...(config === undefined ? [] : [`--config-file=${config}`]),
  `--pidfile=${pidFile}`,
  `--cgroup-parent=/${cgroup}`,
  '--exec-opt=native.cgroupdriver=cgroupfs',
  '--shutdown-timeout=10',
]

/** A command in the network of the engine: there, ports that are published to 127.0.0.1 answer. */
export const insideArgv = (pid: number, argv: readonly string[]): Argv => [
  'nsenter',
  `--target=${pid}`,
  '--net',
  '--',
  ...argv,
]

/** A command of root in all namespaces of the engine: its files, its processes and its network. */
export const enterArgv = (pid: number, argv: readonly string[]): Argv => [
  'nsenter',
  `--target=${pid}`,
  '--mount',
  '--net',
  '--pid',
  '--',
  ...argv,
]

/** `docker compose` over one or more files, later ones over earlier ones. */
export const composeArgv = (
  files: readonly string[],
  args: readonly string[],
  { envFile }: { readonly envFile?: string } = {},
): readonly string[] => [
  'compose',
  ...(envFile === undefined ? [] : ['--env-file', envFile]),
  ...files.flatMap((file) => ['--file', file]),
  ...args,
]
