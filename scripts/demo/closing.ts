import type { Style } from '#common/cli/style'
import { type Column, table } from '#common/cli/table'
import type { Text } from '#common/cli/text'
import type { Outcome } from './attempts.ts'

const columns: readonly Column[] = [{ title: 'tried' }, { title: 'expected' }, { title: 'seen' }, { title: 'ok' }]

/** Borders, padding and the last column of the table, in columns of a terminal. */
const FRAME = 20
const NARROWEST = 14

/** A text in at most `most` columns. */
export const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** The closing table. A terminal gets what fits on its lines, a pipe all of it. */
export const renderClosing = (outcomes: readonly Outcome[], style: Style): Text => {
  const wide = (part: (outcome: Outcome) => string) => Math.max(...outcomes.map((one) => part(one).length))
  const room = style.live && style.width > 0 ? style.width - FRAME : Number.POSITIVE_INFINITY
  const tried = Math.min(
    wide((one) => one.tried),
    Math.max(NARROWEST, room / 2),
  )
  const each = Math.max(NARROWEST, Math.floor((room - tried) / 2))
  return table(
    columns,
    outcomes.map((outcome) => [
      cut(outcome.tried, Math.floor(tried)),
      cut(outcome.expected, each),
      cut(outcome.seen, each),
      outcome.ok ? { text: 'ok', colour: 'green' } : { text: 'NO', colour: 'red' },
    ]),
    style,
  )
}
