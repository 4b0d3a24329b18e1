import { type Colour, paint, type Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { countResults, formatTally, judgeRows, type Row } from './row.ts'

const colours: Readonly<Record<Row['result'], Colour>> = { PASS: 'green', FAIL: 'red', 'NOT RUN': 'yellow' }

/** The table, what failed and what was not run once more, and the closing line; ends with a newline. */
export const formatText = ({
  title,
  rows,
  style,
}: {
  readonly title: string
  readonly rows: readonly Row[]
  readonly style: Style
}): string => {
  const of = (wanted: Row['result']) => rows.filter(({ result }) => result === wanted)
  return [
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
    ...of('FAIL').map(
      ({ check, subject, detail }) => `${paint(style, 'red', 'FAIL')}     ${check} of ${subject}: ${detail}`,
    ),
    ...of('NOT RUN').map(({ check, subject, detail }) => `NOT RUN: ${detail} (${check} of ${subject})`),
    `${title}: ${formatTally(countResults(rows))}`,
    '',
  ].join('\n')
}

/** The same as one JSON document; ends with a newline. */
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
}): string => {
  const { passed, failed, notRun } = countResults(rows)
  const verdict = judgeRows(rows)
  return `${JSON.stringify({ group, subject, ok: verdict === 0, verdict, passed, failed, not_run: notRun, ms, checks: rows }, null, 2)}\n`
}
