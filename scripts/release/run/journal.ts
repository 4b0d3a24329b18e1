import { parseJson } from '#common/stream/bounded-json'

/** What a host's journal says of the runs that changed it: one JSON object a line. */

export type RunKind = 'deploy' | 'rollback' | 'update'
export type Outcome = 'done' | 'undone' | 'failed'

export type BeginEntry = {
  readonly at: number
  readonly run: string
  readonly phase: 'begin'
  readonly kind: RunKind
  readonly from: string | null
  readonly to: string
  readonly by: string
  readonly what: string
}
export type StepEntry = {
  readonly at: number
  readonly run: string
  readonly step: string
  readonly phase: 'start' | 'done' | 'failed'
  readonly reason?: string
}
export type EndEntry = {
  readonly at: number
  readonly run: string
  readonly phase: 'end'
  readonly outcome: Outcome
  readonly reason?: string
}
export type Entry = BeginEntry | StepEntry | EndEntry

/** A run with all that is known of it. */
export type RunRecord = {
  readonly begin: BeginEntry
  readonly steps: readonly StepEntry[]
  readonly end: EndEntry | undefined
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' &&
  value !== null &&
  'run' in value &&
  typeof value.run === 'string' &&
  'phase' in value &&
  typeof value.phase === 'string'

/** Reads lines; one that a power cut left half is skipped. */
export const parseJournal = (text: string): readonly Entry[] =>
  text.split('\n').flatMap((line) => {
    try {
      const value = parseJson(line)
      return isEntry(value) ? [value] : []
    } catch {
      return []
    }
  })

/** The runs in the order in which they began. */
export const groupRuns = (entries: readonly Entry[]): readonly RunRecord[] => {
  const runs = new Map<string, RunRecord>()
  for (const entry of entries) {
    if (entry.phase === 'begin') {
      runs.set(entry.run, { begin: entry, steps: [], end: undefined })
      continue
    }
    const run = runs.get(entry.run)
    if (run === undefined) continue
    runs.set(entry.run, entry.phase === 'end' ? { ...run, end: entry } : { ...run, steps: [...run.steps, entry] })
  }
  return [...runs.values()]
}

/** The run that was cut, if there is one. Only the last can be: a new one begins when the one before has ended. */
export const findOpenRun = (entries: readonly Entry[]): RunRecord | undefined => {
  const last = groupRuns(entries).at(-1)
  return last?.end === undefined ? last : undefined
}

/** The releases that were committed, oldest first, as a rollback leaves them; the last one is the current release. */
export const listCommitted = (entries: readonly Entry[], current?: string): readonly string[] => {
  const stack: string[] = []
  for (const { begin, end } of groupRuns(entries)) {
    const isDone = end === undefined ? begin.to === current : end.outcome === 'done'
    if (!isDone || stack.at(-1) === begin.to) continue
    const at = begin.kind === 'rollback' ? stack.lastIndexOf(begin.to) : -1
    if (at >= 0) stack.splice(at + 1)
    else stack.push(begin.to)
  }
  return stack
}

/** The release to go back to from the current one; undefined when there was none before. */
export const findPreviousId = (entries: readonly Entry[], current: string | undefined): string | undefined => {
  const history = listCommitted(entries, current)
  const at = current === undefined ? -1 : history.lastIndexOf(current)
  return at > 0 ? history[at - 1] : undefined
}
