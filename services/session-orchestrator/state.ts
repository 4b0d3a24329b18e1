import type { State } from '#common/http/session-view'
import { Fault } from '#common/process/fault'

/** The life of a session (SPEC section 4), as what may follow what. */
export const follows: Readonly<Record<State, readonly State[]>> = {
  created: ['active', 'finalizing', 'expired', 'failed', 'voided'],
  active: ['paused', 'finalizing', 'failed', 'voided'],
  paused: ['active', 'finalizing', 'failed', 'voided'],
  finalizing: ['anchoring', 'failed'],
  anchoring: ['anchored', 'failed'],
  // Back when the chain lost the anchor.
  anchored: ['anchoring'],
  voided: [],
  failed: [],
  expired: [],
}

/** States in which the session still takes chunks. */
export const recordingStates: readonly State[] = ['created', 'active', 'paused']
/** States in which this service has work to do. */
export const workStates: readonly State[] = ['finalizing', 'anchoring']

/** Throws Fault `conflict` code `wrong-state` when `to` may not follow `from`. */
export const checkTransition = (from: State, to: State): void => {
  if (follows[from].includes(to)) return
  throw new Fault('conflict', 'wrong-state', `this session is ${from}; it cannot become ${to}`, {
    extra: { state: from },
  })
}
