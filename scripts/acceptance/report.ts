import type { Colour, Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { jsonText, type Part, type Text, text } from '#common/cli/text'
import { countResults, formatTally, judgeRows, type Row } from './row.ts'

const colours: Readonly<Record<Row['result'], Colour>> = { PASS: 'green', FAIL: 'red', 'NOT RUN': 'yellow' }

/** The table, what failed and what was not run once more, and the closing line. */
export const formatText = ({
  title,
  rows,
  style,
}: {
  readonly title: readonly Part[]
  readonly rows: readonly Row[]
  readonly style: Style
}): Text => {
  const of = (wanted: Row['result']) => rows.filter(({ result }) => result === wanted)
  return text(
    [
      table(
        [{ title: 'Check' }, { title: 'Subject' }, { title: 'Result' }, { title: 'Figure or reason' }],
        rows.map(({ check, subject, result, detail }) => [
          check,
          subject,
          { text: result, colour: colours[result] },
          detail,
        ]),
        style,
      ),
      ...of('FAIL').map(({ check, subject, detail }) => [
        { text: 'FAIL', colour: 'red' as const },
        `     ${check} of ${subject}: ${detail}`,
      ]),
      ...of('NOT RUN').map(({ check, subject, detail }) => `NOT RUN: ${detail} (${check} of ${subject})`),
      [...title, `: ${formatTally(countResults(rows))}`],
    ],
    style,
  )
}

/** The same as one JSON document. */
export const formatJson = ({
  group,
  subject,
  rows,
  ms,
}: {
  readonly group: string
  readonly subject: string
  readonly rows: readonly Row[]
  readonly ms: number
}): Text => {
  const { passed, failed, notRun } = countResults(rows)
  const verdict = judgeRows(rows)
  const ok = verdict === 0
  return jsonText({ group, subject, ok, verdict, passed, failed, not_run: notRun, ms, checks: rows })
}
