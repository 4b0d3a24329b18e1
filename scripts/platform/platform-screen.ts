import type { Style } from '#common/cli/style'
import type { Print } from '#common/cli/text'
import { type Progress, progress } from '../cli/progress.ts'
import { renderChanges, renderPlatform } from './platform-table.ts'
import type { View } from './unit-state.ts'

/** Shows a platform that comes up or goes down: a live table in a terminal, a line a change elsewhere. */
export type PlatformScreen = { readonly update: (views: readonly View[]) => void; readonly done: () => void }

/** `print` goes to stderr; the table is redrawn on every change and ten times a second while something starts. */
export const openPlatformScreen = (print: Print, style: Style, now: () => number): PlatformScreen => {
  const screen: Progress = progress(print, style)
  let views: readonly View[] = []
  const draw = () => screen.show(renderPlatform(views, style, now()))
  const timer = style.live ? setInterval(draw, 100) : undefined
  timer?.unref()
  return {
    update: (next) => {
      if (!style.live) for (const line of renderChanges(views, next, now())) screen.show('', line)
      views = next
      if (style.live) draw()
    },
    done: () => {
      clearInterval(timer)
      if (style.live) screen.done(renderPlatform(views, style, now()))
    },
  }
}
