import { line } from '../host/quote.ts'

/** A folder of the host or a named volume, as a container of ours sees it. */
export type Mount = {
  readonly type: 'bind' | 'volume'
  readonly source: string
  readonly target: string
  readonly access: 'read' | 'write'
}

/** Capabilities of a container that puts owners right, and of one that only looks. */
export const CHANGES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] as const
export const LOOKS = ['DAC_READ_SEARCH'] as const

const mountOf = ({ type, source, target, access }: Mount): string =>
  [
    `type=${type}`,
    `source=${source}`,
    `target=${target}`,
    ...(access === 'read' ? ['readonly'] : []),
    // The image's own files have no place in a volume.
    ...(type === 'volume' ? ['volume-nocopy'] : []),
  ].join(',')

/**
 * The line of sh that runs a command of server-tools on a host as root, without a network, with these capabilities and
 * mounts and nothing else. The image must be there: it is never pulled.
 */
export const toolLine = (
  image: string,
  words: readonly string[],
  { caps, mounts }: { readonly caps: readonly string[]; readonly mounts: readonly Mount[] },
): string =>
  line(
    'docker',
    'run',
    '--rm',
    '--interactive',
    '--pull=never',
    '--network=none',
    '--read-only',
    '--tmpfs=/tmp:rw,noexec,nosuid,size=16m',
    '--cap-drop=ALL',
    ...caps.map((cap) => `--cap-add=${cap}`),
    '--security-opt=no-new-privileges:true',
    '--user=0:0',
    '--memory=256m',
    '--pids-limit=128',
    '--log-driver=none',
    '--label=org.lucid.tool=server-tools',
    ...mounts.map((mount) => `--mount=${mountOf(mount)}`),
    image,
    ...words,
  )
