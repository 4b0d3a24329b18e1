import { CliError } from '../../cli/fail.ts'
import { LeaseLost } from '../../host/lease.ts'
import type { Observed } from './host.ts'
import { openRun } from './journal.ts'
import {
  again,
  type Context,
  contextOf,
  detailsOf,
  end,
  isOutOfReach,
  perform,
  type RunParts,
  wordsOf,
} from './perform.ts'
import { wayOf } from './recovery.ts'
import { forward } from './steps.ts'
import { Unfinished, undo } from './undo.ts'

/** What became of a run that was cut; `failed`: the release before is back and not well. */
export type Recovered = 'none' | 'closed' | 'finished' | 'undone' | 'failed'

/** The steps behind the change of the documents, which is done. */
const finish = async (context: Context, rewinds: boolean): Promise<Recovered> => {
  const { from, to } = context
  const steps = forward(from, to, { rewinds })
  const changed = steps.findIndex(({ kind }) => kind === 'migrate' || kind === 'rewind')
  context.show.note(`going on with ${to.id}: it may hold what came in since`)
  try {
    for (const step of steps.slice(changed + 1)) await perform(step, to, '', context)
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    if (isOutOfReach(error)) throw new Unfinished(wordsOf(error), detailsOf(error))
    return undo(context, wordsOf(error), { migrated: true })
  }
  await end(context, 'done', 'finished by the next command')
  return 'finished'
}

/**
 * Ends a run that was cut as `wayOf` says; does nothing when there is none. `wanted`: the release that the next command is
 * about. Throws Unfinished when it cannot.
 */
export const recover = async (
  parts: RunParts,
  { current, entries }: Pick<Observed, 'current' | 'entries'>,
  wanted?: string,
): Promise<Recovered> => {
  const open = openRun(entries)
  if (open === undefined) return 'none'
  const { begin } = open
  parts.show.note(`${begin.what} by ${begin.by} was cut short`)
  const [from, to] = await Promise.all([
    begin.from === null ? undefined : again(() => parts.host.release(begin.from ?? ''), parts),
    again(() => parts.host.release(begin.to), parts),
  ])
  if (begin.from !== null && from === undefined)
    throw new CliError(
      `${parts.host.name}: the files of ${begin.from}, which must be put back, are not there`,
    )
  // Its files had not come whole, so nothing of it was started.
  const known = to ?? from
  if (known === undefined) {
    const at = parts.timing.now()
    const entry = { at, run: begin.run, phase: 'end', outcome: 'undone', reason: 'cut short' } as const
    await again(() => parts.host.journal(entry), parts)
    return 'undone'
  }
  const context = await contextOf(parts, begin.run, { from, to: known, bundle: undefined, rewind: undefined })
  switch (wayOf(open, { current, wanted })) {
    case 'close':
      await end(context, 'done', 'finished by the next command')
      return 'closed'
    case 'finish':
      return finish(
        context,
        open.steps.some(({ step }) => step === 'rewind'),
      )
    case 'undo':
      return undo(context, 'it was cut short', { migrated: false })
    case 'undo-with-documents':
      return undo(context, 'it was cut short', { migrated: true })
  }
}
