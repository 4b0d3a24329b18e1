import { errorFields, type Log } from '#common/process/log'
import type { State } from './model.ts'
import { workStates } from './state.ts'

/** First and longest pause between two looks at a session that is not through yet, ms. */
const FIRST = 50
const LONGEST = 2_000

export type Worker = {
  /** Starts or continues a session's way to its anchor; never two at once for one session. */
  readonly kick: (session: string) => void
  readonly inWork: () => number
  readonly stop: () => void
}

/**
 * Drives sessions through `finish` until nothing is left to do, with growing pauses while a service is away
 * or the chain takes its time. What to do lives in the store, so a restart goes on from there.
 */
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
    let wait = FIRST
    let before: State | undefined
    while (!stopped) {
      try {
        const state = await finish(session)
        if (!workStates.includes(state)) {
          log.info('session-finished', { session, state })
          return
        }
        wait = state === before ? Math.min(LONGEST, wait * 1.5) : FIRST
        before = state
      } catch (error) {
        log.warn('session-waits', { session, ...errorFields(error) })
        wait = Math.min(LONGEST, wait * 2)
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
