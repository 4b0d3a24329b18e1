import type { Argv } from '../../../cli/run.ts'

/** The chroot's own paths of an instance's folders, where they are mounted. */
export const inside = { data: '/ddb/data', wal: '/ddb/wal', run: '/ddb/run' } as const

/** Names of an instance's folders below the folder its caller gave, as they are mounted `inside`. */
export const mounted = ['data', 'wal', 'run'] as const

/** Where the prepared, empty data folders lie in the chroot; an instance begins as a copy. */
export const template = '/ddb/template'

/** Where the engine's programs are. */
export const programs = '/usr/lib/postgresql/18/bin'

/** $1 chroot, $2 folder of the instance, then the command. `exec` keeps it process 1 of its namespace. */
const enter = `
for name in ${mounted.join(' ')}; do mount --bind "$2/$name" "$1/ddb/$name"; done
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
root=$1; shift 2
exec chroot "$root" setpriv --reuid=postgres --regid=postgres --clear-groups \
  env -i PATH=${programs}:/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/tmp "$@"`

/**
 * A command of the engine in namespaces of its own (mounts, processes, shared memory), as the chroot's user
 * postgres. What is mounted and what is running end with the first process, whoever kills it: there is
 * nothing to clean up. The whole dies with its parent too.
 */
export const inNamespace = (root: string, folder: string, ...command: readonly string[]): Argv => [
  ...(['setpriv', '--pdeathsig=KILL'] as const),
  ...['unshare', '--mount', '--propagation=private', '--pid', '--ipc', '--fork', '--kill-child=SIGKILL'],
  ...['sh', '-ec', enter, 'documentdb', root, folder, ...command],
]

/** True-or-false question to the machine: may we make such namespaces here? */
export const namespaceProbe: Argv = ['unshare', '--mount', '--pid', '--ipc', '--fork', 'true']

/** Settings that are the same for every instance. The last three let it keep its word through a power cut. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_directories: inside.run,
  shared_preload_libraries: 'pg_cron,pg_documentdb_core,pg_documentdb',
  'cron.database_name': 'postgres',
  'cron.host': inside.run,
  'documentdb.localhost_connection_string': `host=${inside.run}`,
  'documentdb_core.enableCollation': 'on',
  'documentdb.throwDeadlockOnCRUD': 'on',
  max_connections: '120',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  timezone: 'UTC',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
}

/** Makes an empty database: bytes order text, as in MongoDB without a collation. */
export const initCommand: readonly string[] = [
  ...['initdb', '-D', inside.data, '-X', `${inside.wal}/log`, '--wal-segsize=4', '-U', 'postgres', '-A', 'trust'],
  ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions'],
  ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
]

export const serverCommand: readonly string[] = ['postgres', '-D', inside.data]

/** Runs statements from stdin, one a line, with no server; the first that fails ends it. */
export const singleUserCommand: readonly string[] = [
  ...['postgres', '--single', '-D', inside.data],
  ...['-c', 'exit_on_error=on', 'postgres'],
]
