import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { LeaseLost } from '../../host/lease.ts'
import { findOpenRun } from './journal.ts'
import {
  type Context,
  detailsOf,
  endRun,
  isOutOfReach,
  openContext,
  performStep,
  type RunParts,
  retryConnection,
} from './perform.ts'
import { planForward } from './plan.ts'
import { chooseRecovery } from './recovery-rules.ts'
import type { HostReleases } from './release-host.ts'
import { Unfinished, undoRun } from './undo.ts'

/** What became of a run that was cut; `failed`: the release before is back and not well. */
export type Recovered = 'none' | 'closed' | 'finished' | 'undone' | 'failed'

const finish = async (context: Context, rewinds: boolean): Promise<Recovered> => {
  const { from, to } = context
  const steps = planForward(from, to, { rewinds })
  const changed = steps.findIndex(({ kind }) => kind === 'migrate' || kind === 'rewind')
  context.show.note(`going on with ${to.id}: it may hold what came in since`)
  try {
    for (const step of steps.slice(changed + 1)) await performStep(step, to, '', context)
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    if (isOutOfReach(error)) throw new Unfinished(errorMessage(error), detailsOf(error))
    return undoRun(context, errorMessage(error), { migrated: true })
  }
  await endRun(context, 'done', 'finished by the next command')
  return 'finished'
}

/** Ends a run that was cut as `chooseRecovery` says. `target`: the next command's release. Throws Unfinished. */
export const recoverRun = async (
  parts: RunParts,
  { current, entries }: Pick<HostReleases, 'current' | 'entries'>,
  target?: string,
): Promise<Recovered> => {
  const open = findOpenRun(entries)
  if (open === undefined) return 'none'
  const { begin } = open
  parts.show.note(`${begin.what} by ${begin.by} was cut short`)
  const [from, to] = await Promise.all([
    begin.from === null ? undefined : retryConnection(() => parts.host.release(begin.from ?? ''), parts),
    retryConnection(() => parts.host.release(begin.to), parts),
  ])
  if (begin.from !== null && from === undefined)
    throw new CliError(`${parts.host.name}: the files of ${begin.from}, which must be put back, are not there`)
  // Its files had not come whole, so nothing of it was started.
  const release = to ?? from
  if (release === undefined) {
    const at = parts.timing.now()
    const entry = { at, run: begin.run, phase: 'end', outcome: 'undone', reason: 'cut short' } as const
    await retryConnection(() => parts.host.journal(entry), parts)
    return 'undone'
  }
  const context = await openContext(parts, begin.run, { from, to: release, bundle: undefined, rewind: undefined })
  switch (chooseRecovery(open, { current, target })) {
    case 'close':
      await endRun(context, 'done', 'finished by the next command')
      return 'closed'
    case 'finish':
      return finish(
        context,
        open.steps.some(({ step }) => step === 'rewind'),
      )
    case 'undo':
      return undoRun(context, 'it was cut short', { migrated: false })
    case 'undo-with-documents':
      return undoRun(context, 'it was cut short', { migrated: true })
  }
}
