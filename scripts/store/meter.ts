import { type Look, lookOf } from '../cli/look.ts'
import { progress, throttle } from '../cli/progress.ts'
import { type Going, goingLine } from './report.ts'

/** Counts documents of one phase and shows it: redrawn in a terminal, a line every few seconds in a log. */
export const meter = (
  { what, before, total }: Pick<Going, 'what' | 'before' | 'total'>,
  {
    write,
    now,
    look = lookOf(process.stderr, process.env),
  }: { readonly write: (text: string) => void; readonly now: () => number; readonly look?: Look },
) => {
  const screen = progress(write, look)
  const redraw = throttle(100, now)
  const line = throttle(5_000, now)
  const began = now()
  line() // the first line is due after the first seconds: a short copy says nothing
  let done = before
  let bytes = 0
  return {
    add: (place: string, documents: number, size: number) => {
      done += documents
      bytes += size
      if (!redraw()) return
      const text = goingLine({ what, place, done, before, total, bytes, ms: now() - began })
      screen.show(text, line() ? text : undefined)
    },
    done: () => screen.done(),
  }
}
