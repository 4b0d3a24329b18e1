import type { Argv } from '../../../cli/run.ts'

/** Files and command lines of OpenSSH on both ends. Pure. */

/** The server's configuration: keys only, one user, nothing of the machine's own. */
export const sshdConfig = (user: string): string =>
  [
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'AuthorizedKeysFile /etc/ssh/authorized_keys',
    `AllowUsers ${user}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'PidFile none',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')

/** One connection's server: OpenSSH on standard input and output, its log on standard error. */
export const sshdArgv: Argv = ['/usr/sbin/sshd', '-i', '-e', '-f', '/etc/ssh/sshd_config']

/** The client's configuration: `ssh -F FILE pi` asks nobody anything and trusts one host key. */
export const clientConfig = ({
  host,
  user,
  port,
  folder,
}: {
  readonly host: string
  readonly user: string
  readonly port: number
  readonly folder: string
}): string =>
  [
    `Host ${host}`,
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  User ${user}`,
    `  HostKeyAlias ${host}`,
    `  IdentityFile "${folder}/key"`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile "${folder}/known_hosts"`,
    '  GlobalKnownHostsFile none',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  BatchMode yes',
    '  ConnectTimeout 10',
    '  ServerAliveInterval 5',
    '  ServerAliveCountMax 3',
    '  LogLevel ERROR',
    '',
  ].join('\n')

/** Makes an Ed25519 key pair without a passphrase. */
export const keygenArgv = (file: string, comment: string): Argv => [
  'ssh-keygen',
  ...['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file],
]
