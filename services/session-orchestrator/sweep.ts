import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import type { Sessions } from './sessions.ts'
import { workStates } from './state.ts'
import { tables } from './store.ts'
import type { Worker } from './worker.ts'

export type SweepParts = {
  readonly store: Store
  readonly sessions: Pick<Sessions, 'sweep'>
  readonly worker: Pick<Worker, 'kick'>
  readonly log: Log
  /** An unused session expires after this time, ms. */
  readonly expireAfter: number
}

/** Takes up the work on every session that has ended and is not through. */
export const resumeWork = async ({ store, worker }: Pick<SweepParts, 'store' | 'worker'>): Promise<void> => {
  const unfinished = await tables(store).sessions.find({ where: { state: { in: workStates } } })
  for (const { id } of unfinished) worker.kick(id)
}

/** Ends what nobody uses any more. */
const sweepSessions = async (parts: SweepParts): Promise<void> => {
  // What is stored decides: an end may have been stored although the store could not say so.
  await resumeWork(parts)
  for (const { id, state } of await parts.sessions.sweep(parts.expireAfter)) {
    parts.log.warn('session-unused', { session: id, state })
    if (workStates.includes(state)) parts.worker.kick(id)
  }
}

/** Sweeps every so many ms, and not at once: a recording that outlived us has to be made known first. Answers what ends it. */
export const sweepEvery = (everyMs: number, parts: SweepParts): (() => void) => {
  const timer = setInterval(
    () => void sweepSessions(parts).catch((error) => parts.log.warn('sweep-failed', errorFields(error))),
    everyMs,
  )
  return () => clearInterval(timer)
}
