import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { LeaseLost } from '../../host/lease.ts'
import type { Release } from '../content/release.ts'
import { openWatch } from './gate.ts'
import {
  type Context,
  detailsOf,
  endRun,
  isOutOfReach,
  performStep,
  type RunParts,
  retryConnection,
  tryAgain,
} from './perform.ts'
import { planBackward } from './plan.ts'

/** The new release did not make it, and the one before is back, whole. */
export class Undone extends CliError {
  constructor(reason: string, back: string, details: readonly string[]) {
    super(`${reason}; ${back}`, { details, exitCode: 2 })
    this.name = 'Undone'
  }
}

/** The host is between two releases; the next command goes on from there. */
export class Unfinished extends CliError {
  constructor(reason: string, details: readonly string[] = []) {
    super(`${reason}; the next command (deploy:pi or rollback) finishes or undoes it`, { details, exitCode: 3 })
    this.name = 'Unfinished'
  }
}

/** Tries to put a step of the way back through even when the engine refuses it for a while. */
const insist = (work: () => Promise<void>, parts: RunParts): Promise<void> =>
  tryAgain(work, (error) => !isOutOfReach(error), parts)

/** Puts the release before back, whole; answers whether it is well. Throws Unfinished, and then the run stays open. */
export const undoRun = async (
  forwardContext: Context,
  reason: string,
  { migrated }: { readonly migrated: boolean },
): Promise<'undone' | 'failed'> => {
  const { from, to, show, host, timing } = forwardContext
  // What was well on the way there is started anew on the way back.
  const context: Context = { ...forwardContext, watch: openWatch(host, timing, show.health) }
  const target = from ?? to
  const [changes, checks] = [false, true].map((isCheck) =>
    planBackward(from, to, { migrated }).filter(({ kind }) => (kind === 'health') === isCheck),
  )
  show.note(`putting ${from === undefined ? 'an empty host' : from.id} back: ${reason}`)
  try {
    // A commit that failed may have been half done. While the pointer is on the new release nothing old is started.
    if ((await retryConnection(() => host.observe(), context)).current !== from?.id)
      await insist(() => retryConnection(() => host.commit(from?.id), context), context)
    for (const step of changes ?? []) await insist(() => performStep(step, target, 'back:', context), context)
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    throw new Unfinished(`${reason}, and going back was cut short: ${errorMessage(error)}`, detailsOf(error))
  }
  let outcome: 'undone' | 'failed' = 'undone'
  for (const step of checks ?? [])
    try {
      await performStep(step, target, 'back:', context)
    } catch (error) {
      if (isOutOfReach(error)) throw error instanceof LeaseLost ? error : new Unfinished(reason, detailsOf(error))
      outcome = 'failed'
      show.note(`${target.id} is back but not well: ${errorMessage(error)}`)
    }
  await endRun(context, outcome, reason)
  return outcome
}

/** How it ended, for people. `migrated`: documents are as they were before the run. */
export const describeUndo = (
  outcome: 'undone' | 'failed',
  from: Release | undefined,
  { migrated }: { readonly migrated: boolean },
): string => {
  if (from === undefined) return 'everything that was started is down again, volumes are kept'
  const back =
    outcome === 'undone'
      ? `${from.id} is back and healthy`
      : `${from.id} is back, but not all of it is healthy: bun run doctor looks why`
  return migrated ? `${back}, with the documents from before the migration` : back
}
