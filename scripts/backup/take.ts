import type { BackupReport } from '#common/backup/backup'
import type { Keep } from '#common/backup/prune'
import type { Progress } from '#common/backup/scan'
import { errorMessage } from '#common/process/error'
import { backupLayout } from '../host/backup-layout.ts'
import type { Lease } from '../host/lease.ts'
import { openEventReader, parseReport } from '../host/tool-events.ts'
import { backupScript, FREEZE_LIMIT_S } from './backup-script.ts'
import { writeHealth } from './health-file.ts'

export type TakeOptions = {
  /** Image of server-tools on the host. */
  readonly image: string
  readonly recipients: readonly string[]
  /** The repository on the host; DIR/backups unless given. */
  readonly to?: string | undefined
  /** A tagged backup is never pruned. */
  readonly tag?: string
  readonly keep: Keep
  /** Names of snapshots to remove. */
  readonly forget?: readonly string[]
  readonly freezeLimitS?: number
  readonly onProgress?: (progress: Progress) => void
}

/** A backup may take hours the first time, ms. */
const LONG_MS = 24 * 3_600_000

/** Takes a backup of a host and writes down for the health check how it went. Throws CliError when it failed. */
export const takeBackup = async (lease: Lease, options: TakeOptions): Promise<BackupReport> => {
  const { dir, shell } = lease
  const to = options.to ?? backupLayout(dir).repository
  const script = backupScript({
    dir,
    image: options.image,
    to,
    freezeLimitS: options.freezeLimitS ?? FREEZE_LIMIT_S,
    order: JSON.stringify({
      recipients: options.recipients,
      host: shell.name,
      tag: options.tag ?? null,
      keep: options.keep,
      forget: options.forget ?? [],
    }),
  })
  const onOut = openEventReader((event) => {
    if (event.event === 'progress') options.onProgress?.(event as unknown as Progress) // our own program's
  })
  try {
    const report = parseReport<BackupReport>(
      `backup of ${shell.name}`,
      await lease.run(script, { timeoutMs: LONG_MS, onOut }),
    )
    const { name, pruned, left_out, ...rest } = report
    await writeHealth(lease, 'backup', { ...rest, ok: true, id: name, to })
    return report
  } catch (error) {
    await writeHealth(lease, 'backup', { ok: false, message: errorMessage(error) }).catch(() => {})
    throw error
  }
}
