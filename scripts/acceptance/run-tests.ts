import { duration } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { progress, throttle } from '../cli/progress.ts'
import type { Terminal } from '../cli/run-command.ts'
import { formatJson, formatText } from './report.ts'
import { countResults, formatTally, judgeRows, type Row } from './row.ts'

/** Takes what is found, as it finds it. */
export type Report = {
  readonly add: (...rows: readonly Row[]) => void
  /** What is being done now, for whoever waits. */
  readonly doing: (text: string) => void
}

/** What the exit codes of all four commands mean. */
export const exits = {
  0: 'every check was run and passed',
  1: 'a check failed, or nothing could be looked at; the lines say what',
  2: 'what was run passed, but something was not run; the lines say why',
} as const

/** Flags of all four commands. */
export const reportFlags = { json: { type: 'boolean', about: 'print the report as one JSON document' } } as const

/** Nothing is said of what is over before; a log has a line of progress at most this often, ms. */
const QUIET_MS = 2_000
const LOG_MS = 5_000

/** Runs tests, shows how far it is, prints its report; answers the exit code. What it throws before a check ends it. */
export const runTests = async (
  {
    group,
    subject,
    json,
    terminal,
  }: {
    readonly group: string
    /** What is looked at: `pi@raspberrypi.local`, `this checkout`. */
    readonly subject: string
    readonly json: boolean
    readonly terminal: Terminal
  },
  work: (report: Report) => Promise<void>,
): Promise<number> => {
  const began = performance.now()
  const bar = progress(terminal.err, detectStyle(process.stderr, process.env))
  const due = throttle(LOG_MS, () => performance.now())
  const rows: Row[] = []
  let what = 'starting'
  const show = (): void => {
    const text = `${duration(performance.now() - began).padStart(8)}  ${what}  (${formatTally(countResults(rows))})`
    bar.show(text, performance.now() - began > QUIET_MS && due() ? text : undefined)
  }
  // What takes long says nothing by itself.
  const tick = setInterval(show, 500)
  try {
    await work({
      add: (...found) => {
        rows.push(...found)
        show()
      },
      doing: (text) => {
        what = text
        show()
      },
    })
  } finally {
    clearInterval(tick)
    bar.done()
  }
  const ms = Math.round(performance.now() - began)
  const style = detectStyle(process.stdout, process.env)
  if (json) terminal.out(formatJson({ group, subject, rows, ms }))
  else
    terminal.out(
      formatText({ title: [{ text: group, colour: 'bold' }, ` of ${subject} in ${duration(ms)}`], rows, style }),
    )
  return judgeRows(rows)
}
