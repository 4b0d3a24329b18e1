import type { State } from '#common/http/session-view'
import { backoff } from '#common/process/backoff'
import { errorFields, type Log } from '#common/process/log'
import { workStates } from './state.ts'

/** Pauses between two steps of a session that is not through yet, ms: for a service that is away, and for the chain's turn. */
const AWAY = { first: 50, most: 2_000 } as const
const SAME_STATE = { ...AWAY, factor: 1.5 } as const

export type Worker = {
  /** Starts or continues a session's way to its anchor; never two at once for one session. */
  readonly kick: (session: string) => void
  readonly inWork: () => number
  readonly stop: () => void
}

/** Drives sessions through `finish`, with growing pauses while a service is away; the store says where to go on. */
export const worker = ({
  finish,
  log,
  pause,
}: {
  readonly finish: (session: string) => Promise<State>
  readonly log: Log
  readonly pause: (ms: number) => Promise<void>
}): Worker => {
  const working = new Set<string>()
  const again = new Set<string>()
  let stopped = false

  const run = async (session: string): Promise<void> => {
    let failures = 0
    let repeats = 0
    let before: State | undefined
    while (!stopped) {
      let wait: number
      try {
        const state = await finish(session)
        if (!workStates.includes(state)) {
          log.info('session-finished', { session, state })
          return
        }
        failures = 0
        repeats = state === before ? repeats + 1 : 0
        before = state
        wait = backoff(repeats, SAME_STATE)
      } catch (error) {
        log.warn('session-waits', { session, ...errorFields(error) })
        wait = backoff(++failures, AWAY)
      }
      await pause(wait)
    }
  }

  const kick = (session: string): void => {
    // It may be just about to stop, having seen nothing to do.
    if (working.has(session)) {
      again.add(session)
      return
    }
    working.add(session)
    void run(session).finally(() => {
      working.delete(session)
      if (again.delete(session) && !stopped) kick(session)
    })
  }

  return {
    kick,
    inWork: () => working.size,
    stop: () => {
      stopped = true
    },
  }
}
