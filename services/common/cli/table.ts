import Table from 'cli-table3'
import { type Colour, paint, type Style } from './style.ts'

/** A cell: text, or text in a colour. */
export type Cell = string | { readonly text: string; readonly colour: Colour }

export type Column = { readonly title: string; readonly align?: 'left' | 'right' }

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

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

/**
 * A table as text without a final newline: borders and colours in a terminal, aligned columns with one
 * line of titles in a pipe (so that `awk` and `grep` work), and never a trailing space there.
 */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string => {
  const drawn = new Table({
    head: columns.map(({ title }) => paint(style, 'bold', style.live ? title : title.toUpperCase())),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: style.live
      ? { head: [], border: style.colour ? ['gray'] : [], compact: true }
      : { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    ...(style.live ? {} : { chars: borderless }),
  })
  for (const row of rows)
    drawn.push(row.map((cell) => (typeof cell === 'string' ? cell : paint(style, cell.colour, textOf(cell)))))
  const text = drawn.toString()
  return style.live ? text : text.replaceAll(/[ \t]+$/gm, '')
}
