import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { jsonLog } from '../../process/log.ts'
import { CHANGED, type Change, COUNTED, type Counts, type History, readHistory, WEBHOOK_TOLD } from './history.ts'

/** The log of state changes: JSON lines that are also the check's only memory. */
export type Journal = {
  readonly history: History
  readonly recordChanges: (changes: readonly Change[]) => void
  /** Writes down what is now counted, where it is another number than before. */
  readonly recordCounts: (counts: Counts) => void
  /** The webhook knows of everything so far. */
  readonly markTold: () => void
}

/** Old news goes to `.1` and is dropped the next time. */
const MAX_BYTES = 1024 * 1024

/** Opens the log at `path`; folder and file are made when something is first written. */
export const openJournal = (path: string, now: () => number): Journal => {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const history = readHistory(text)
  const write = (line: string) => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    appendFileSync(path, line, { mode: 0o600 })
  }
  const log = jsonLog('health', { write, now })
  const recordChanges = (changes: readonly Change[]) => {
    for (const change of changes) log[change.to === 'ok' ? 'info' : 'warn'](CHANGED, change)
  }
  const recordCounts = (counts: Counts) => {
    for (const [subject, { id, count }] of counts) {
      const before = history.counts.get(subject)
      if (before?.id !== id || before.count !== count) log.info(COUNTED, { subject, id, count })
    }
  }
  // A line that was cut off must not swallow the next one.
  if (text !== '' && !text.endsWith('\n')) write('\n')
  if (existsSync(path) && statSync(path).size > MAX_BYTES) {
    renameSync(path, `${path}.1`)
    for (const [subject, state] of history.states) log.info(CHANGED, { subject, from: state, to: state, detail: '' })
    for (const [subject, count] of history.counts) log.info(COUNTED, { subject, ...count })
    log.info(WEBHOOK_TOLD)
    for (const change of history.untold) log.warn(CHANGED, change)
  }
  return { history, recordChanges, recordCounts, markTold: () => log.info(WEBHOOK_TOLD) }
}
