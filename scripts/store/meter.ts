import { duration, rate } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import type { Print } from '#common/cli/text'
import { progress, throttle } from '../cli/progress.ts'

export type ProgressOptions = { readonly print: Print; readonly now: () => number }

type Phase = { readonly what: 'copying' | 'verifying'; readonly before: number; readonly total: number }

/** Counts the documents of one phase and shows it: redrawn in a terminal, a line every few seconds in a log. */
export const countDocuments = ({ what, before, total }: Phase, { print, now }: ProgressOptions) => {
  const screen = progress(print, detectStyle(process.stderr, process.env))
  const redraw = throttle(100, now)
  const line = throttle(5_000, now)
  const began = now()
  line() // the first line is due after the first seconds: a short copy says nothing
  let [done, bytes] = [0, 0]
  return {
    add: (place: string, documents: number, size: number): void => {
      done += documents
      bytes += size
      if (!redraw()) return
      const ms = now() - began
      const perSecond = ms <= 0 ? 0 : Math.round((done * 1000) / ms)
      const left = done <= 0 ? '' : `, ${duration((ms / done) * Math.max(0, total - before - done))} left`
      const text = `${what} ${place}: ${before + done} of ${total} documents, ${perSecond} documents/s, ${rate(bytes, ms)}${left}`
      screen.show(text, line() ? text : undefined)
    },
    [Symbol.dispose]: () => screen.done(),
  }
}
