import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import type { Sessions } from './sessions.ts'
import { workStates } from './state.ts'
import { tables } from './store.ts'
import type { Worker } from './worker.ts'

export type SweepParts = {
  readonly store: Store
  readonly sessions: Pick<Sessions, 'sweep' | 'renew'>
  readonly worker: Pick<Worker, 'kick'>
  readonly log: Log
  /** An unused session expires after this time, ms. */
  readonly expireAfter: number
  /** Milliseconds by which the clock was set since it was asked last. */
  readonly clockStep: () => number
}

/** Takes up the work on every session that has ended and is not through. */
export const resumeWork = async ({ store, worker }: Pick<SweepParts, 'store' | 'worker'>): Promise<void> => {
  const unfinished = await tables(store).sessions.find({ where: { state: { in: workStates } } })
  const voided = await tables(store).sessions.find({ where: { still_open: true } })
  for (const { id } of [...unfinished, ...voided]) worker.kick(id)
}

const endUnused = async (parts: SweepParts): Promise<void> => {
  for (const { id, state } of await parts.sessions.sweep(parts.expireAfter)) {
    parts.log.warn('session-unused', { session: id, state })
    if (workStates.includes(state)) parts.worker.kick(id)
  }
}

/** Ends what nobody uses any more. After the clock was set it is not known for how long: all get their whole time again. */
export const sweepSessions = async (parts: SweepParts): Promise<void> => {
  // What is stored decides: an end may have been stored although the store could not say so.
  await resumeWork(parts)
  const step = parts.clockStep()
  if (step === 0) return endUnused(parts)
  parts.log.warn('clock-set', { by_ms: step })
  await parts.sessions.renew()
}

/** Sweeps every so many ms, and not at once: a recording that outlived us has to be made known first. Answers what ends it. */
export const sweepEvery = (everyMs: number, parts: SweepParts): (() => void) => {
  const timer = setInterval(
    () => void sweepSessions(parts).catch((error) => parts.log.warn('sweep-failed', errorFields(error))),
    everyMs,
  )
  return () => clearInterval(timer)
}
