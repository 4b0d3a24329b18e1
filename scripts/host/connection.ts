import { CliError } from '../cli/fail.ts'
import { quote } from './quote.ts'
import { lastLines } from './script.ts'

/** The connection broke, was refused or took too long; what ran on the host may have ended or not. */
export class ConnectionLost extends CliError {
  constructor(message: string, { details = [] }: { readonly details?: readonly string[] } = {}) {
    super(message, { details })
    this.name = 'ConnectionLost'
  }
}

/** Where a host is and how it is reached. `local` is this machine. */
export type Address = {
  readonly host: string
  /** A file for `ssh -F`. */
  readonly sshConfig?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Messages are read by programs, files are for nobody else, and `docker` is also in these folders. */
export const PREAMBLE =
  'LC_ALL=C; export LC_ALL; umask 077; PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; export PATH\n'

/** What goes over a connection: texts, which shrink to a fifth, or layers, which are compressed already. */
type Traffic = 'text' | 'layers'

/** The argument list that opens a shell there. */
export const shellArgv = (
  { host, sshConfig }: Address,
  command: string,
  traffic: Traffic = 'text',
): readonly string[] =>
  host === 'local'
    ? ['sh', '-c', command]
    : [
        'ssh',
        ...(sshConfig === undefined ? [] : ['-F', sshConfig]),
        '-T',
        ...[
          'BatchMode=yes',
          `Compression=${traffic === 'text' ? 'yes' : 'no'}`,
          'ConnectTimeout=10',
          'ServerAliveInterval=5',
          'ServerAliveCountMax=3',
        ].flatMap((option) => ['-o', option]),
        '--',
        host,
        // Whatever the login shell is there.
        `exec sh -c ${quote(command)}`,
      ]

/** ssh, or sh on this machine. */
export type Connection = Bun.Subprocess<'pipe', 'pipe', 'pipe'>

/** Of a child that is gone each of the two promises may be the one that fails. */
export const write = async (child: Connection, bytes: Uint8Array | string): Promise<void> => {
  await Promise.all([child.stdin.write(bytes), child.stdin.flush()])
}

/** Starts a command on a host over a connection of its own. */
export const openConnection = (address: Address, command: string, traffic: Traffic): Connection =>
  Bun.spawn([...shellArgv(address, command, traffic)], {
    env: address.env ?? process.env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })

/** The error for a connection that ended, with the last words of ssh. */
export const connectionLost = (name: string, why: string, err = ''): ConnectionLost =>
  new ConnectionLost(`${name}: ${why}`, { details: lastLines(err) })
