import { line, quote } from '../host/quote.ts'
import { CONTAINER } from './places.ts'

/** A folder or volume in the container: `from` there, `to` in the container. */
export type Mount = {
  readonly from: string
  readonly to: string
  readonly kind: 'bind' | 'volume'
  readonly access: 'read' | 'write'
}

/** What the program may do as root of nothing else: read everybody's files, or give files their owners. */
export const capabilities = {
  read: ['DAC_READ_SEARCH'],
  /** Its repository may belong to the user of a disk that is plugged in. */
  write: ['DAC_READ_SEARCH', 'DAC_OVERRIDE'],
  own: ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID'],
} as const

const mountFlag = ({ from, to, kind, access }: Mount): string =>
  [
    `type=${kind}`,
    `source=${from}`,
    `target=${to}`,
    ...(access === 'read' ? ['readonly'] : []),
    // Else the engine would fill an empty volume from the image.
    ...(kind === 'volume' ? ['volume-nocopy'] : []),
  ].join(',')

/** `--mount` and its value, quoted for sh. */
export const mountWords = (mount: Mount): string => line('--mount', mountFlag(mount))

/** The same for a mount whose source may hold what a flag of the engine takes apart. Throws RangeError then. */
export const demandMountable = (path: string): string => {
  if (!path.startsWith('/') || /[,\n"]/.test(path) || path.split('/').includes('..'))
    throw new RangeError(`${path} is no absolute path without commas`)
  return path
}

/**
 * `docker run` of a command of server-tools: no network, nothing writable but what is mounted so, no capability but the
 * named ones. `"$@"` of the script stands for more mounts, found on the host.
 */
export const runLine = (
  image: string,
  command: string,
  { mounts, caps }: { readonly mounts: readonly Mount[]; readonly caps: readonly string[] },
): string =>
  [
    line(
      'docker',
      'run',
      '--rm',
      '--interactive',
      '--name',
      CONTAINER,
      '--label',
      'org.lucid.backup=1',
      '--pull',
      'never',
      '--network',
      'none',
      '--read-only',
      '--user',
      '0:0',
      '--cap-drop',
      'ALL',
      ...caps.flatMap((cap) => ['--cap-add', cap]),
      '--security-opt',
      'no-new-privileges',
      '--memory',
      '640m',
      '--pids-limit',
      '128',
      '--log-driver',
      'none',
      '--tmpfs',
      '/tmp:rw,noexec,nosuid,size=16m',
    ),
    ...mounts.map(mountWords),
    '"$@"',
    quote(image),
    quote(command),
  ].join(' ')
