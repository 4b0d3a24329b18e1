import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { RESTORE_FILE, RestoreMark } from '../backup/restore-mark.ts'
import { syncFolder } from '../process/sync-folder.ts'
import type { LogEntry } from './entry.ts'
import type { AuditLog } from './log.ts'

/** The action of the entry that says in a stream that it goes on behind an older end. */
const RESTORED = 'restored-from-backup'

const readMark = (path: string): RestoreMark | undefined => {
  try {
    const mark: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Value.Check(RestoreMark, mark) ? mark : undefined
  } catch {
    return undefined
  }
}

/**
 * Takes up, before a service serves, that its data came from a backup: has it undo what must not come back, writes the entry,
 * then removes the mark of the restore. Cut anywhere, the next start does it again. Answers whether there was a mark.
 */
export const takeUpRestore = async (
  folder: string,
  { stream, undo }: { readonly stream: Pick<AuditLog, 'append'>; readonly undo: () => Promise<void> },
): Promise<boolean> => {
  const path = join(folder, RESTORE_FILE)
  if (!existsSync(path)) return false
  await undo()
  // One that cannot be read is one all the same; nobody will take its entry for the operator's word.
  await stream.append({ action: RESTORED, params: { ...readMark(path) } })
  rmSync(path)
  syncFolder(folder)
  return true
}

/** What an entry says of a restore; undefined for any other, `unreadable` for one that says it of none. */
export const restoreOf = ({ action, params }: Pick<LogEntry, 'action' | 'params'>) => {
  if (action !== RESTORED) return undefined
  return Value.Check(RestoreMark, params) ? params : 'unreadable'
}
