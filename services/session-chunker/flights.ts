import { Fault } from '#common/process/fault'
import type { Limiter } from '#common/stream/limiter'

/** Chunks on their way to the encryptor. The first failure is kept, and nothing is begun after it. */
export type Flights = {
  /** Resolves when the work has its slot; it is left out when something has failed by then. */
  readonly begin: (work: () => Promise<void>) => Promise<void>
  /** Resolves when nothing is under way. Throws the failure. */
  readonly landed: () => Promise<void>
  readonly check: () => void
  readonly failure: () => Fault | undefined
  /** Ends it all, unless it has failed before. */
  readonly abandon: (fault: Fault) => void
}

/** Fetch ended a body early or the peer went away: for us the same as unreachable. */
export const asFault = (error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault('unavailable', 'unreachable', 'session-encryptor broke off', { cause: error })

/** Flights in slots that the whole process shares. */
export const flights = (slot: Limiter): Flights => {
  const underWay = new Set<Promise<void>>()
  let failure: Fault | undefined

  const check = () => {
    if (failure) throw failure
  }

  return {
    begin: (work) => {
      const { promise: begun, resolve } = Promise.withResolvers<void>()
      const flight: Promise<void> = slot(async () => {
        resolve()
        if (failure !== undefined) return
        // Before the slot is free again: whoever gets it next must see the failure.
        await work().catch((error) => {
          failure ??= asFault(error)
        })
      }).finally(() => underWay.delete(flight))
      underWay.add(flight)
      return begun
    },
    landed: async () => {
      await Promise.all(underWay)
      check()
    },
    check,
    failure: () => failure,
    abandon: (fault) => {
      failure ??= fault
    },
  }
}
