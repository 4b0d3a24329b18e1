import { defaults } from '#catalog'

/** The inside of an emulated Pi: what its ssh user finds, and where its parts are kept outside. Pure. */

/** Where an emulated Pi keeps its things under its folder; absolute paths. */
export const piFolders = (folder: string) => ({
  engine: `${folder}/engine`,
  /** Over /home. */
  home: `${folder}/home`,
  /** passwd, group and shadow, over those of /etc. */
  accounts: `${folder}/etc`,
  /** Over /etc/ssh. */
  ssh: `${folder}/ssh`,
  /** Over /usr/local. */
  local: `${folder}/local`,
  /** Over /mnt/myssd; a file system in a file where its size is limited. */
  disk: `${folder}/disk`,
  diskImage: `${folder}/disk.img`,
  /** Key, known host and configuration of the client. */
  client: `${folder}/client`,
  /** The script that mounts all of it. */
  setup: `${folder}/setup.sh`,
  /** What a program that a host need not have is covered with. */
  nothing: `${folder}/nothing`,
  log: `${folder}/sshd.log`,
})

export type PiFolders = Readonly<ReturnType<typeof piFolders>>

/** Lucid's DIR, the default of `--dir`. */
export const DIR = defaults.LUCID_MOUNT_PATH
/** Where the engine listens inside: the default of every docker client. */
export const SOCKET = '/run/docker.sock'
/** As the first user of a Pi has. */
const UID = 1000
const DOCKER_GID = 990
const PLUGINS = 'lib/docker/cli-plugins'

/** Programs that the host of a release need not have, and that no script for it may need. */
const hiddenPrograms = ['bun', 'node', 'npm', 'python3', 'perl', 'curl', 'wget', 'jq', 'rsync', 'bash'] as const

/** The account files of the inside, by name. */
export const accountFiles = (user: string): Readonly<Record<'passwd' | 'group' | 'shadow', string>> => ({
  passwd: [
    'root:x:0:0:root:/root:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    'sshd:x:104:65534::/run/sshd:/usr/sbin/nologin',
    `${user}:x:${UID}:${UID}:${user}:/home/${user}:/bin/sh`,
    '',
  ].join('\n'),
  group: ['root:x:0:', 'nogroup:x:65534:', `docker:x:${DOCKER_GID}:${user}`, `${user}:x:${UID}:`, ''].join('\n'),
  // No password fits `*`; `!` would lock the account for keys too.
  shadow: ['root:*:19000::::::', 'sshd:*:19000::::::', `${user}:*:19000::::::`, ''].join('\n'),
})

/** One word of sh, whatever is in it. */
const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const bind = (from: string, to: string): string => `mount --bind ${quote(from)} ${to}`

/** Which disk of limited size there is: Lucid's own, or one that it shares with the engine's images. */
export type DiskUse = 'none' | 'own' | 'shared'

/** What root does in the namespaces before the engine starts. Every mount is theirs alone. */
export const setupScript = (
  { home, accounts, ssh, local, disk, diskImage, nothing, engine }: PiFolders,
  {
    user,
    use,
    compose,
    docker,
  }: { readonly user: string; readonly use: DiskUse; readonly compose: string; readonly docker: string },
): string =>
  [
    'set -e',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -m 755 /run/sshd /run/lock',
    bind(home, '/home'),
    ...['passwd', 'group', 'shadow'].map((name) => bind(`${accounts}/${name}`, `/etc/${name}`)),
    bind(ssh, '/etc/ssh'),
    bind(compose, quote(`${local}/${PLUGINS}/docker-compose`)),
    `mount --rbind ${quote(local)} /usr/local`,
    ...(docker === '/usr/bin/docker' ? [] : [bind(docker, '/usr/bin/docker')]),
    'mount -t tmpfs -o mode=755 tmpfs /mnt',
    'mkdir -m 755 /mnt/myssd',
    use === 'none' ? bind(disk, '/mnt/myssd') : `mount -o loop ${quote(diskImage)} /mnt/myssd`,
    `mkdir -p ${DIR} /home/${user}`,
    `chown ${UID}:${UID} ${DIR} /home/${user}`,
    ...(use === 'shared'
      ? ['mkdir -p -m 711 /mnt/myssd/docker', bind('/mnt/myssd/docker', quote(`${engine}/data`))]
      : []),
    `for program in ${hiddenPrograms.join(' ')}; do`,
    `  [ ! -e /usr/bin/$program ] || ${bind(nothing, '/usr/bin/$program')}`,
    'done',
    '',
  ].join('\n')

/** Folders that must be there before the script runs. */
export const outsideFolders = ({ engine, home, accounts, ssh, local, disk, client }: PiFolders) => [
  engine,
  home,
  accounts,
  ssh,
  `${local}/bin`,
  `${local}/${PLUGINS}`,
  disk,
  client,
]

/** The placeholder that the Compose plugin is bound over. */
export const pluginFile = ({ local }: PiFolders): string => `${local}/${PLUGINS}/docker-compose`
