import { limiter } from '#common/stream/limiter'

/** Lets everything else that waits for this thread have its turn. */
export const nextTurn = (): Promise<void> => new Promise((go) => setImmediate(go))

const HEAVY_AT_ONCE = 2

/** How the requests of one service share its memory and its thread. */
export const pacing = () => {
  const oneAtATime = limiter(1)
  return {
    /** For what holds megabytes while it works. */
    heavy: limiter(HEAVY_AT_ONCE),
    /** For what takes a millisecond or more (a sender is recovered from a signature): one such thing a turn. */
    step: <R>(work: () => R): Promise<R> =>
      oneAtATime(async () => {
        await nextTurn()
        return work()
      }),
  }
}

export type Pacing = ReturnType<typeof pacing>
