/** How one check went. What was not run is never counted as passed. */
export type Row = {
  readonly check: string
  /** The service, platform, file or host that it is about. */
  readonly subject: string
  readonly result: 'PASS' | 'FAIL' | 'NOT RUN'
  /** A figure, what is wrong, or why it was not run. */
  readonly detail: string
}

export type Tally = { readonly passed: number; readonly failed: number; readonly notRun: number }

export const pass = (check: string, subject: string, detail = ''): Row => ({ check, subject, result: 'PASS', detail })
export const fail = (check: string, subject: string, detail: string): Row => ({
  check,
  subject,
  result: 'FAIL',
  detail,
})
export const notRun = (check: string, subject: string, detail: string): Row => ({
  check,
  subject,
  result: 'NOT RUN',
  detail,
})

/** A row from what is wrong: passed, with the figure, when nothing is. */
export const makeJudged = (
  check: string,
  subject: string,
  { wrong, figure }: { readonly wrong: readonly string[]; readonly figure: string },
): Row => (wrong.length === 0 ? pass(check, subject, figure) : fail(check, subject, wrong.join('; ')))

export const countResults = (rows: readonly Row[]): Tally => {
  const count = (wanted: Row['result']) => rows.filter(({ result }) => result === wanted).length
  return { passed: count('PASS'), failed: count('FAIL'), notRun: count('NOT RUN') }
}

/** 0: every check was run and passed. 1: one failed, or there was none at all. 2: what was run passed, something was not run. */
export const judgeRows = (rows: readonly Row[]): 0 | 1 | 2 => {
  const { passed, failed, notRun: left } = countResults(rows)
  if (failed > 0 || passed + left === 0) return 1
  return left > 0 ? 2 : 0
}

/** The closing line of a report. */
export const formatTally = ({ passed, failed, notRun: left }: Tally): string =>
  `${passed} passed, ${failed} failed, ${left} not run`
