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

/** A table: borders and colours in a terminal; in a pipe aligned columns, one line of titles, no trailing space. */
export const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): Text => {
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
  const lines = drawn.toString()
  return rawText(`${style.live ? lines : lines.replaceAll(/[ \t]+$/gm, '')}\n`)
}
