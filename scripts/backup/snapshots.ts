import type { SnapshotIndex } from '#common/backup/snapshot-index'
import { quote } from '../host/quote.ts'
import type { Shell } from '../host/shell.ts'
import { parseReport } from '../host/tool-events.ts'
import { backupCommand, capabilities, requireMountable } from '../release/snapshot/backup-container.ts'

/** A backup as it can be seen without a key. Without an index nothing but its name is known. */
export type Listed = Partial<Omit<SnapshotIndex, 'v' | 'chunks' | 'name' | 'at' | 'tag'>> & {
  readonly name: string
  readonly at: number
  readonly tag: string | null
  readonly index: boolean
  readonly chunks?: number
  readonly stored_bytes?: number
  /** Chunks that it needs and that are not there. */
  readonly missing?: number
}

const LIST_MS = 600_000

/** The backups in a repository on the host, oldest first. */
export const listSnapshots = async (
  shell: Pick<Shell, 'name' | 'run'>,
  { image, repository }: { readonly image: string; readonly repository: string },
): Promise<readonly Listed[]> => {
  const list = backupCommand(image, 'backups', {
    mounts: [{ type: 'bind', source: requireMountable(repository), target: '/repository', access: 'write' }],
    caps: capabilities.write,
  })
  const script = `set --; [ -d ${quote(`${repository}/snapshots`)} ] || { echo '{"event":"done","report":{"snapshots":[]}}'; exit 0; }\n${list}`
  const answer = await shell.run(script, { timeoutMs: LIST_MS })
  return parseReport<{ readonly snapshots: readonly Listed[] }>(`backups of ${shell.name}`, answer).snapshots
}
