import { BACKUP_CONTAINER, backupLayout, VOLUMES } from '../host/backup-layout.ts'
import { commandLine, quote } from '../host/quote.ts'
import type { Mount } from '../host/tool-run.ts'
import { backupCommand, capabilities, formatMountFlag, requireMountable } from '../release/snapshot/backup-container.ts'
import { freezeFunctions } from '../release/snapshot/freeze-script.ts'

/** Longest time that services may stand still, s. */
export const FREEZE_LIMIT_S = 60

export type BackupScript = {
  readonly dir: string
  readonly image: string
  /** The repository on the host. */
  readonly to: string
  /** The line for the program. */
  readonly order: string
  readonly freezeLimitS: number
}

const read = (type: Mount['type'], source: string, target: string): Mount => ({ type, source, target, access: 'read' })

/** Adds a mount to `"$@"` if its source is there. */
const ifThere = (test: string, mount: Mount): string => `if ${test}; then set -- "$@" ${formatMountFlag(mount)}; fi`

/** What is backed up, as far as it is there: volumes, secrets, identities, the current release and what it mounts. */
const sources = (dir: string): readonly string[] => [
  'set --',
  ...VOLUMES.map((name) =>
    ifThere(`docker volume inspect ${name} >/dev/null 2>&1`, read('volume', name, `/source/volumes/${name}`)),
  ),
  ...['secrets', 'files'].map((name) =>
    ifThere(`[ -d ${quote(`${dir}/${name}`)} ]`, read('bind', `${dir}/${name}`, `/source/host/${name}`)),
  ),
  ...['identities.json', 'deploy/current'].map((name) =>
    ifThere(`[ -f ${quote(`${dir}/${name}`)} ]`, read('bind', `${dir}/${name}`, `/source/host/${name}`)),
  ),
  `current=$(cat ${quote(`${dir}/deploy/current`)} 2>/dev/null)`,
  // It goes into a flag of the engine.
  'case "$current" in *[!A-Za-z0-9._-]*) current= ;; esac',
  `if [ -n "$current" ] && [ -d ${quote(dir)}/releases/"$current" ]; then`,
  `set -- "$@" --mount "type=bind,source=${dir}/releases/$current,target=/source/host/releases/$current,readonly"`,
  'fi',
]

/** Folders of the backup on the host; those that the program keeps for itself are its own, root's. */
const folders = (dir: string, to: string): readonly string[] => {
  const places = backupLayout(dir)
  return [
    commandLine('mkdir', '-p', `${dir}/health`, `${dir}/deploy`, places.cache, to),
    // A folder in a folder of root's: only the engine can make it, where it is not there yet.
    `set -- "$@" ${commandLine('--volume', `${places.key}:/key`)}`,
  ]
}

/**
 * Takes a backup on the host. Prints the program's events, a line of JSON each. Ends with the program's exit code, and
 * with nothing paused.
 */
export const backupScript = ({ dir, image, to, order, freezeLimitS }: BackupScript): string => {
  const places = backupLayout(dir)
  const mounts: readonly Mount[] = [
    { type: 'bind', source: requireMountable(to), target: '/repository', access: 'write' },
    { type: 'bind', source: places.cache, target: '/cache', access: 'write' },
  ]
  return [
    ...sources(dir),
    ...folders(dir, to),
    freezeFunctions({ state: places.cache, limitS: freezeLimitS }).trim(),
    `trap 'clean; docker rm --force ${BACKUP_CONTAINER} >/dev/null 2>&1; rm -rf "$WORK"' EXIT`,
    "trap 'exit 1' HUP INT TERM",
    `docker rm --force ${BACKUP_CONTAINER} >/dev/null 2>&1`,
    'mkfifo "$WORK/in" "$WORK/out" || exit 1',
    'set -- "$@" --cidfile "$WORK/cid"',
    `${backupCommand(image, 'backup', { mounts, caps: capabilities.write })} <"$WORK/in" >"$WORK/out" 3>&- 4<&- &`,
    'program=$!',
    'exec 3>"$WORK/in" 4<"$WORK/out"',
    `printf '%s\\n' ${quote(order)} >&3`,
    'while IFS= read -r said <&4; do case "$said" in',
    'freeze) if freeze; then echo frozen >&3; else clean; echo failed >&3; fi ;;',
    'thaw) if thaw; then echo "thawed $took" >&3; else clean; echo late >&3; fi ;;',
    `*) printf '%s\\n' "$said" ;;`,
    'esac; done',
    'wait $program',
  ].join('\n')
}
