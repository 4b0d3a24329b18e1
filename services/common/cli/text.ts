import { escapeText, LONGEST } from '../process/escape.ts'
import { isText, rawText, type Text } from './raw-text.ts'
import { type Colour, plainStyle, type Style } from './style.ts'

export type { Text } from './raw-text.ts'

/** A piece of a line: text, or text in a colour. It may hold anything: what is not ours is escaped when it is shown. */
export type Part = string | { readonly text: string; readonly colour: Colour }

/** One line, or text that has lines of its own. */
export type Line = Part | readonly Part[] | Text

/** Select Graphic Rendition (ECMA-48, 8.3.117): what begins a colour and what ends it. `paper`: white on black in every theme. */
const codes: Readonly<Record<Colour, readonly [begin: number | string, end: number | string]>> = {
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
  paper: ['97;40', '39;49'],
}

const paint = (style: Style, colour: Colour, text: string): string => {
  const [begin, end] = codes[colour]
  return style.colour ? `\x1b[${begin}m${text}\x1b[${end}m` : text
}

/** A part as it is shown: escaped first, coloured after. */
export const showPart = (part: Part, style: Style): string => {
  const [shown, colour] = typeof part === 'string' ? [part, undefined] : [part.text, part.colour]
  const escaped = escapeText(shown, { most: LONGEST })
  return colour === undefined ? escaped : paint(style, colour, escaped)
}

const showLine = (line: Line, style: Style): string => {
  if (isText(line)) return line.raw
  const parts = typeof line === 'string' || 'text' in line ? [line] : line
  return `${parts.map((part) => showPart(part, style)).join('')}\n`
}

/** Lines for a stream: each is one line there, whatever it holds. */
export const text = (lines: readonly Line[], style: Style = plainStyle): Text =>
  rawText(lines.map((line) => showLine(line, style)).join(''))

/** A value as JSON for people and programs, indented. */
export const jsonText = (value: unknown): Text =>
  rawText(
    `${JSON.stringify(value, null, 2)
      .split('\n')
      .map((line) => escapeText(line))
      .join('\n')}\n`,
  )

/** Writes text, or a string as one line: its last newline ends it, any other is shown as `\n`. */
export type Print = (text: Text | string) => void

/** What is written to a stream for that. */
export const printed = (text: Text | string): string => {
  if (isText(text)) return text.raw
  return text.endsWith('\n') ? `${escapeText(text.slice(0, -1))}\n` : escapeText(text)
}

/** The way to a stream: nothing of ours writes to a terminal but through this. */
export const printer =
  (write: (text: string) => void): Print =>
  (text) =>
    write(printed(text))
