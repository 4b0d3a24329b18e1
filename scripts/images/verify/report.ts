import { plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { type Cell, type Column, table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'

/** How a promise stands. `checked` counts what was looked at; nothing that was not run counts as kept. */
export type Outcome = {
  readonly rule: string
  readonly promise: string
  readonly checked: number
  readonly breaches: readonly string[]
  readonly notRun?: string
}

/** 0: all holds. 1: something is broken. 2: what was run holds, and something was not run. */
export type Verdict = 0 | 1 | 2

export const decideVerdict = (outcomes: readonly Outcome[]): Verdict => {
  if (outcomes.some(({ breaches }) => breaches.length > 0)) return 1
  return outcomes.some(({ notRun }) => notRun !== undefined) ? 2 : 0
}

const columns: readonly Column[] = [
  { title: 'rule' },
  { title: 'state' },
  { title: 'checked', align: 'right' },
  { title: 'promise' },
]

const stateOf = ({ breaches, notRun }: Outcome): Cell => {
  if (breaches.length > 0) return { text: 'BROKEN', colour: 'red' }
  return notRun === undefined ? { text: 'holds', colour: 'green' } : { text: 'NOT RUN', colour: 'yellow' }
}

/** The table, what is broken, what was not run, and one line that sums up. */
export const reportText = (outcomes: readonly Outcome[], images: number, style: Style): Text => {
  const broken = outcomes.filter(({ breaches }) => breaches.length > 0)
  const skipped = outcomes.filter(({ notRun }) => notRun !== undefined)
  const rows = outcomes.map((one) => [one.rule, stateOf(one), String(one.checked), one.promise])
  const holding = outcomes.length - broken.length - skipped.filter(({ breaches }) => breaches.length === 0).length
  return text([
    table(columns, rows, style),
    ...broken.flatMap(({ rule, breaches }) => breaches.map((breach) => `BROKEN  ${rule}: ${breach}`)),
    ...skipped.map(({ rule, notRun }) => `NOT RUN: ${notRun} (${rule})`),
    `${plural(images, 'image')}: ${holding} rules hold, ${broken.length} broken, ${skipped.length} not run`,
  ])
}
