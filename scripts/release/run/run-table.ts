import { duration } from '#common/cli/format'
import type { Colour, Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Print, type Text, text } from '#common/cli/text'
import { progress, throttle } from '../../cli/progress.ts'
import { listMembers, type Release } from '../content/release.ts'
import type { Seen } from './gate.ts'
import type { Verdict } from './gate-rules.ts'
import type { RunDisplay } from './perform.ts'

const LOG_MS = 5_000

const colours: Readonly<Record<Verdict['kind'], Colour>> = { waiting: 'yellow', well: 'green', failed: 'red' }

const words = (verdict: Verdict): string => (verdict.kind === 'well' ? 'healthy' : verdict.why)

/** The screen of a run: a table of services that changes in place, lines in a pipe. */
export const openRunTable = (
  print: Print,
  style: Style,
  { release, now }: { readonly release: Pick<Release, 'stacks'>; readonly now: () => number },
): RunDisplay & { readonly close: () => void } => {
  const began = now()
  const screen = progress(print, style)
  const stackOf = new Map(
    release.stacks.flatMap(({ stack, members }) => members.map(({ container }) => [container, stack] as const)),
  )
  const rows = new Map<string, Seen>()
  let doing = ''
  // A log has a line for some seconds of work, a terminal each state.
  const often = throttle(LOG_MS, now)

  const picture = (): Text =>
    text(
      [
        table(
          [{ title: 'Stack' }, { title: 'Service' }, { title: 'State' }, { title: 'Image' }],
          listMembers(release).map((member) => {
            const row = rows.get(member.container)
            return [
              stackOf.get(member.container) ?? '',
              member.service,
              row === undefined
                ? { text: 'waits', colour: 'dim' }
                : { text: words(row.verdict), colour: colours[row.verdict.kind] },
              member.image.slice(member.image.lastIndexOf(':') + 1).slice(0, 40),
            ]
          }),
          style,
        ),
        `${duration(now() - began).padStart(8)}  ${doing}`,
      ],
      style,
    )

  const say = (line?: Text | string) => screen.show(style.live ? picture() : '', line)
  return {
    step: (name, state) => {
      doing = state === 'start' ? name : `${name} ${state}`
      const mark = state === 'failed' ? ({ text: state, colour: 'red' } as const) : state
      const head = `${duration(now() - began).padStart(8)}  ${name}  `
      say(state === 'start' ? undefined : text([[head, mark]], style))
    },
    health: (all) => {
      for (const one of all) rows.set(one.member.container, one)
      say()
    },
    note: (text) => {
      doing = text
      say(`${duration(now() - began).padStart(8)}  ${text}`)
    },
    progress: (text) => {
      doing = text
      say(often() ? `${duration(now() - began).padStart(8)}  ${text}` : undefined)
    },
    close: () => screen.done(style.live ? picture() : undefined),
  }
}
