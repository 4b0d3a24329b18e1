import { isUnreachable } from '#common/http/client'
import { type BackoffRange, backoff } from '#common/process/backoff'
import { errorFields, type Log } from '#common/process/log'
import { poller } from '#common/stream/poller'

/** Milliseconds between two tries while the chain is away. */
const AWAY = { first: 250, most: 15_000 } as const
/** Rounds with something to do until the pause between two of them doubles. */
const ROUNDS_PER_STEP = 10

export type LoopOptions = {
  /** Milliseconds between two rounds while anchors are under way. */
  readonly pace: BackoffRange
  /** Between two rounds with nothing to do but to look whether the chain went back, ms; a wake starts one at once. */
  readonly idleMs: number
  readonly log: Log
}

/** Runs rounds while there is something to do, ever more slowly; `wake` starts one at once. */
export const anchorLoop = (round: () => Promise<boolean>, { pace, idleMs, log }: LoopOptions) => {
  let [rounds, failures] = [0, 0]
  const { poke, stop } = poller({
    step: async () => {
      const busy = await round()
      failures = 0
      rounds = busy ? rounds + 1 : 0
      return busy ? backoff(Math.floor(rounds / ROUNDS_PER_STEP), pace) : idleMs
    },
    onError: (error) => {
      if (failures === 0 || !isUnreachable(error)) log.warn('chain-away', errorFields(error))
      failures++
      return backoff(failures, AWAY)
    },
  })
  return {
    wake: (): void => {
      rounds = 0
      void poke().catch(() => {})
    },
    stop,
  }
}
