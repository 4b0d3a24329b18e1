import { catalog, stock } from '#catalog'
import { COMPOSE_PROJECTS } from '../host/backup-layout.ts'
import { commandLine, quote } from '../host/quote.ts'
import type { Mount } from '../host/tool-run.ts'
import { createVolumeScript } from '../release/host/volume-marks.ts'
import { backupCommand, capabilities, formatMountFlag, requireMountable } from '../release/snapshot/backup-container.ts'

/** The exit code of a script that found a volume in use; what it prints says by whom. */
export const IN_USE = 91

export const volumeOf = (unit: string): string | undefined => /^volumes\/(.+)$/.exec(unit)?.[1]

/** Ends with IN_USE, naming the containers, while one that runs has a volume of these, or is of the platform at all. */
const requireUnused = (volumes: readonly string[], whole: 'host' | 'volumes'): string => {
  const filters =
    whole === 'host'
      ? COMPOSE_PROJECTS.map((project) => `label=com.docker.compose.project=${project}`)
      : volumes.map((volume) => `volume=${volume}`)
  return [
    'used=',
    ...['running', 'paused', 'restarting'].flatMap((status) =>
      filters.map(
        (filter) =>
          `used="$used $(${commandLine('docker', 'ps', '--filter', `status=${status}`, '--filter', filter, '--format', '{{.Names}}')} | tr '\\n' ' ')" || exit 1`,
      ),
    ),
    `used=$(printf '%s\\n' $used | sort -u | tr '\\n' ' ')`,
    `[ -z "\${used# }" ] || { echo "$used"; exit ${IN_USE}; }`,
  ].join('\n')
}

export type RestoreScript = {
  readonly dir: string
  readonly image: string
  readonly repository: string
  readonly units: readonly string[]
  /** A folder of the host to restore into, instead of where things were. */
  readonly into?: string | undefined
}

/** The volumes where services have their own folders, if these are of the database that holds their documents. */
const besideDatabase = (volumes: readonly string[]): readonly string[] =>
  Object.keys(stock.mongo.volumes).some((name) => volumes.includes(name))
    ? [...new Set(Object.values(catalog).flatMap(({ volumes, store }) => (store ? Object.keys(volumes) : [])))]
    : []

/** More mounts of what is there: those volumes, and the operator's key, by which services are told of it. */
export const tellingMounts = (dir: string, volumes: readonly string[]): readonly string[] => [
  ...besideDatabase(volumes)
    .filter((name) => !volumes.includes(name))
    .map((name) => {
      const mount = { type: 'volume', source: name, target: `/target/volumes/${name}`, access: 'write' } as const
      return `docker volume inspect ${name} >/dev/null 2>&1 && set -- "$@" ${formatMountFlag(mount)}`
    }),
  `[ -d ${quote(`${dir}/secrets/operator`)} ] && set -- "$@" ${formatMountFlag({ type: 'bind', source: `${dir}/secrets/operator`, target: '/operator', access: 'read' })}`,
]

/** Restores on the host; the order comes on standard input, and only there. */
export const restoreScript = ({ dir, image, repository, units, into }: RestoreScript): string => {
  const volumes = units.flatMap((unit) => volumeOf(unit) ?? [])
  const host = units.some((unit) => unit.startsWith('host/'))
  const mounts: readonly Mount[] =
    into !== undefined
      ? [{ type: 'bind', source: requireMountable(into), target: '/target', access: 'write' }]
      : [
          ...volumes.map(
            (name): Mount => ({ type: 'volume', source: name, target: `/target/volumes/${name}`, access: 'write' }),
          ),
          ...(host ? [{ type: 'bind', source: dir, target: '/target/host', access: 'write' } as const] : []),
        ]
  const folders = ['files', 'releases', 'deploy'].map((name) => `${dir}/${name}`)
  return [
    ...(into === undefined
      ? [
          requireUnused([...volumes, ...besideDatabase(volumes)], host ? 'host' : 'volumes'),
          ...volumes.map(createVolumeScript),
          ...(host ? [commandLine('mkdir', '-p', ...folders), commandLine('chmod', '755', dir, `${dir}/files`)] : []),
        ]
      : [commandLine('mkdir', '-p', into)]),
    'set --',
    ...(into === undefined ? tellingMounts(dir, volumes) : []),
    `docker rm --force lucid-backup >/dev/null 2>&1`,
    backupCommand(image, 'restore', {
      mounts: [
        ...mounts,
        { type: 'bind', source: requireMountable(repository), target: '/repository', access: 'write' },
      ],
      caps: capabilities.own,
    }),
  ].join('\n')
}

/** What a drill makes, and what it leaves when it is killed, has this label. */
export const DRILL_LABEL = 'org.lucid.drill'

/** Removes what an earlier drill left. */
export const drillCleanScript = [
  `for c in $(docker ps --all --quiet --filter label=${DRILL_LABEL}); do docker rm --force "$c" >/dev/null; done`,
  `for v in $(docker volume ls --quiet --filter label=${DRILL_LABEL}); do docker volume rm --force "$v" >/dev/null; done`,
  `[ -z "$(docker volume ls --quiet --filter label=${DRILL_LABEL})" ]`,
].join('\n')

/** The throw-away volume of a unit: all of the host's in one. */
export const drillVolume = (unit: string): string => `lucid-drill-${volumeOf(unit) ?? 'host'}`

export const DRILL_ROOM = 92

/** Restores into throw-away volumes; ends with DRILL_ROOM when there is no room for so many bytes. */
export const drillScript = ({
  image,
  repository,
  units,
  bytes,
}: Pick<RestoreScript, 'image' | 'repository' | 'units'> & { readonly bytes: number }): string => {
  const mounts = new Map<string, Mount>(
    units.map((unit) => {
      const name = volumeOf(unit)
      const to = name === undefined ? '/target/host' : `/target/volumes/${name}`
      return [to, { type: 'volume', source: drillVolume(unit), target: to, access: 'write' }]
    }),
  )
  return [
    drillCleanScript,
    'root=$(docker info --format "{{.DockerRootDir}}") || exit 1',
    // Nobody but root may look into the engine's folder everywhere; then the disk says so itself when it is full.
    `free=$(df -Pk "$root" 2>/dev/null | awk 'NR == 2 { print $4 }')`,
    `[ -z "$free" ] || [ "$free" -gt ${Math.ceil((bytes * 1.05) / 1024)} ] || { echo "$free"; exit ${DRILL_ROOM}; }`,
    ...[...mounts.values()].map(
      ({ source }) =>
        `${commandLine('docker', 'volume', 'create', '--label', `${DRILL_LABEL}=1`, source)} >/dev/null || exit 1`,
    ),
    'set --',
    'docker rm --force lucid-backup >/dev/null 2>&1',
    backupCommand(image, 'restore', {
      mounts: [
        ...mounts.values(),
        { type: 'bind', source: requireMountable(repository), target: '/repository', access: 'write' },
      ],
      caps: capabilities.own,
    }),
  ].join('\n')
}
