import { CliError } from '../../cli/fail.ts'
import { BACKUP_CONTAINER } from '../../host/backup-layout.ts'
import { commandLine } from '../../host/quote.ts'
import { formatMount, type Mount, toolCommand } from '../../host/tool-run.ts'

/** What the program may do as root of nothing else: read everybody's files, or give files their owners. */
export const capabilities = {
  /** Its repository may belong to the user of a disk that is plugged in. */
  write: ['DAC_READ_SEARCH', 'DAC_OVERRIDE'],
  own: ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID'],
} as const

/** `--mount` and its value, quoted for sh. */
export const formatMountFlag = (mount: Mount): string => commandLine('--mount', formatMount(mount))

/** A path that a mount may name; an engine takes flags apart at commas. Throws CliError for another. */
export const requireMountable = (path: string): string => {
  if (!path.startsWith('/') || /[,\n"]/.test(path) || path.split('/').includes('..'))
    throw new CliError(`'${path}' is no folder for a backup: an absolute path, without commas, quotes or ..`)
  return path
}

/** A command of the backup: one at a time on a host, and `"$@"` of the script stands for more mounts, found there. */
export const backupCommand = (
  image: string,
  command: string,
  { mounts, caps }: { readonly mounts: readonly Mount[]; readonly caps: readonly string[] },
): string => toolCommand(image, [command], { mounts, caps, memory: 640, name: BACKUP_CONTAINER, more: '"$@"' })
