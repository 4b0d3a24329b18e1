import type { Look } from '../cli/look.ts'
import { type Progress, progress } from '../cli/progress.ts'
import { changes, picture } from './picture.ts'
import type { View } from './supervisor.ts'

/** Shows a platform that comes up or goes down: a live table in a terminal, a line a change elsewhere. */
export type Show = { readonly update: (views: readonly View[]) => void; readonly done: () => void }

/** `write` is stderr; the table is redrawn on every change and ten times a second while something starts. */
export const show = (write: (text: string) => void, look: Look, now: () => number): Show => {
  const screen: Progress = progress(write, look)
  let views: readonly View[] = []
  const draw = () => screen.show(picture(views, look, now()))
  const timer = look.live ? setInterval(draw, 100) : undefined
  timer?.unref()
  return {
    update: (next) => {
      if (!look.live) for (const line of changes(views, next, now())) screen.show('', line)
      views = next
      if (look.live) draw()
    },
    done: () => {
      clearInterval(timer)
      if (look.live) screen.done(picture(views, look, now()))
    },
  }
}
