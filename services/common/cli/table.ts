import Table from 'cli-table3'
import { rawText, type Text } from './raw-text.ts'
import type { Style } from './style.ts'
import { type Part, showPart } from './text.ts'

/** A cell: text, or text in a colour; one line, whatever it holds. */
export type Cell = Part

export type Column = { readonly title: string; readonly align?: 'left' | 'right' }

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

const draw = (columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): string => {
  const drawn = new Table({
    head: columns.map(({ title }) =>
      showPart({ text: style.live ? title : title.toUpperCase(), colour: 'bold' }, style),
    ),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: style.live
      ? { head: [], border: style.colour ? ['gray'] : [], compact: true }
      : { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    ...(style.live ? {} : { chars: borderless }),
  })
  for (const row of rows) drawn.push(row.map((cell) => showPart(cell, style)))
  return drawn.toString()
}

/** Row by row, a line a cell, for a terminal that is too narrow for the table. */
const drawRecords = (columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): string => {
  const width = Math.max(...columns.map(({ title }) => title.length))
  const line = (cell: Cell, at: number) => {
    const shown = showPart(cell, style)
    return shown === '' ? [] : [`${(columns[at]?.title ?? '').padEnd(width)}  ${shown}`]
  }
  return rows.map((row) => row.flatMap(line).join('\n')).join('\n\n')
}

/**
 * A table: borders and colours in a terminal that is wide enough, and the rows one by one where not even its columns find
 * room; in a pipe aligned columns with one line of titles (so that `awk` and `grep` work), and never a trailing space.
 */
export const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): Text => {
  const piped = () => draw(columns, rows, { ...style, live: false }).replaceAll(/[ \t]+$/gm, '')
  if (!style.live) return rawText(`${piped()}\n`)
  const fits = (lines: string) =>
    style.width === 0 || lines.split('\n').every((line) => Bun.stringWidth(line) <= style.width)
  const lines = [draw(columns, rows, style), piped(), drawRecords(columns, rows, style)]
  return rawText(`${lines.find(fits) ?? lines.at(-1)}\n`)
}
