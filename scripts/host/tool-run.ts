import { commandLine } from './quote.ts'

/** A folder of the host or a named volume, as a container of ours sees it. */
export type Mount = {
  readonly type: 'bind' | 'volume'
  readonly source: string
  readonly target: string
  readonly access: 'read' | 'write'
}

/** The user of our images. */
export const OUR_USER = '65532:65532'

/** Capabilities of a container that puts owners right, and of one that only looks. */
export const CHANGE_CAPS = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] as const
export const READ_CAPS = ['DAC_READ_SEARCH'] as const

/** The value of `--mount`. */
export const formatMount = ({ type, source, target, access }: Mount): string =>
  [
    `type=${type}`,
    `source=${source}`,
    `target=${target}`,
    ...(access === 'read' ? ['readonly'] : []),
    // The image's own files have no place in a volume.
    ...(type === 'volume' ? ['volume-nocopy'] : []),
  ].join(',')

export type ToolOptions = {
  readonly caps: readonly string[]
  readonly mounts: readonly Mount[]
  /** MiB. */
  readonly memory?: number
  /** `host`: what the host publishes is reached as others reach it. */
  readonly network?: 'none' | 'host'
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  /** A name for whoever must find it again. */
  readonly name?: string
  /** `"$@"`: more flags, which the script around it found on the host. */
  readonly more?: '"$@"'
}

/** The line of sh that runs server-tools on a host, as root, with these rights and mounts alone; it is never pulled. */
export const toolCommand = (
  image: string,
  words: readonly string[],
  { caps, mounts, memory = 256, network = 'none', user = '0:0', env = {}, name, more }: ToolOptions,
): string =>
  [
    commandLine(
      ...['docker', 'run', '--rm', '--interactive'],
      ...(name === undefined ? [] : [`--name=${name}`]),
      ...['--pull=never', `--network=${network}`, '--read-only', '--tmpfs=/tmp:rw,noexec,nosuid,size=16m'],
      '--cap-drop=ALL',
      ...caps.map((cap) => `--cap-add=${cap}`),
      ...['--security-opt=no-new-privileges:true', `--user=${user}`, `--memory=${memory}m`, '--pids-limit=128'],
      ...['--log-driver=none', '--label=org.lucid.tool=server-tools'],
      ...mounts.map((mount) => `--mount=${formatMount(mount)}`),
      ...Object.entries(env).map(([key, value]) => `--env=${key}=${value}`),
    ),
    ...(more === undefined ? [] : [more]),
    commandLine(image, ...words),
  ].join(' ')
