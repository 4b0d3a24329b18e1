import { commandLine } from './quote.ts'

/** A folder of the host or a named volume, as a container of ours sees it. */
export type Mount = {
  readonly type: 'bind' | 'volume'
  readonly source: string
  readonly target: string
  readonly access: 'read' | 'write'
}

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
  /** A name for whoever must find it again. */
  readonly name?: string
  /** `"$@"`: more flags, which the script around it found on the host. */
  readonly more?: '"$@"'
}

/**
 * The line of sh that runs a command of server-tools on a host as root, without a network, with these capabilities and
 * mounts and nothing else. The image must be there: it is never pulled.
 */
export const toolCommand = (
  image: string,
  words: readonly string[],
  { caps, mounts, memory = 256, name, more }: ToolOptions,
): string =>
  [
    commandLine(
      ...['docker', 'run', '--rm', '--interactive'],
      ...(name === undefined ? [] : [`--name=${name}`]),
      ...['--pull=never', '--network=none', '--read-only', '--tmpfs=/tmp:rw,noexec,nosuid,size=16m'],
      '--cap-drop=ALL',
      ...caps.map((cap) => `--cap-add=${cap}`),
      ...['--security-opt=no-new-privileges:true', '--user=0:0', `--memory=${memory}m`, '--pids-limit=128'],
      ...['--log-driver=none', '--label=org.lucid.tool=server-tools'],
      ...mounts.map((mount) => `--mount=${formatMount(mount)}`),
    ),
    ...(more === undefined ? [] : [more]),
    commandLine(image, ...words),
  ].join(' ')
