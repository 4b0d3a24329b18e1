import { rawText } from '#common/cli/raw-text'
import type { Style } from '#common/cli/style'
import { type Print, printed, type Text } from '#common/cli/text'
import { beforeInterrupt } from './interrupt.ts'

/** Something on the screen that changes until it is done. */
export type Progress = {
  /** Shows a new state. In a pipe `line` is what is worth a line of its own, undefined for nothing. */
  readonly show: (picture: Text | string, line?: Text | string) => void
  /** Leaves the last picture standing and stops redrawing. */
  readonly done: (picture?: Text | string) => void
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_DOWN = '\x1b[0J'

/** Rows a text takes on a screen that many columns wide (0 = it does not wrap). Colours take no room. */
export const rowsOf = (text: string, width: number): number =>
  text
    .split('\n')
    .reduce((rows, line) => rows + (width > 0 ? Math.max(1, Math.ceil(Bun.stringWidth(line) / width)) : 1), 0)

const redraw = (previous: string | undefined, width: number): string => {
  if (previous === undefined) return HIDE_CURSOR
  return `\r${'\x1b[1A'.repeat(rowsOf(previous, width) - 1)}${CLEAR_DOWN}`
}

/**
 * Redraws a picture of one or more lines in place on a terminal; in a pipe prints only the sparse lines, so
 * that a log file of a run stays readable. Belongs on stderr: stdout is for results.
 */
export const progress = (print: Print, style: Style): Progress => {
  if (!style.live)
    return {
      show: (_, line) => {
        if (line !== undefined) print(typeof line === 'string' ? `${line}\n` : line)
      },
      done: () => {},
    }
  let last: string | undefined
  let open = true
  let forget = () => {}
  const showCursor = () => print(rawText(`\n${SHOW_CURSOR}`))
  const show = (picture: Text | string): void => {
    const drawn = printed(picture).replace(/\n$/, '')
    if (!open || drawn === last) return
    if (last === undefined) forget = beforeInterrupt(showCursor)
    print(rawText(`${redraw(last, style.width)}${drawn}`))
    last = drawn
  }
  return {
    show,
    done: (picture) => {
      if (picture !== undefined) show(picture)
      if (open && last !== undefined) showCursor()
      open = false
      forget()
    },
  }
}

/** Lets a call through at most once in `everyMs`; the clock is an argument. */
export const throttle = (everyMs: number, now: () => number): (() => boolean) => {
  let next = Number.NEGATIVE_INFINITY
  return () => {
    const at = now()
    if (at < next) return false
    next = at + everyMs
    return true
  }
}
