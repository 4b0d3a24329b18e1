import { Fault } from '#common/process/fault'
import type { Limiter } from '#common/stream/limiter'

/** Chunks under way to the encryptor. The first failure ends all: those behind it would never become durable. */
export type Flights = {
  /** Resolves when the work has its slot; it is left out when something has failed by then. `signal` tells it to give up. */
  readonly begin: (work: (signal: AbortSignal) => Promise<void>) => Promise<void>
  /** Resolves when nothing is under way. Throws the failure as soon as there is one. */
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
  const over = new AbortController()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // whoever waits hears of it; nobody need wait
  let failure: Fault | undefined

  const fail = (fault: Fault) => {
    if (failure !== undefined) return
    failure = fault
    over.abort(fault)
    failed.reject(fault)
  }

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
        await work(over.signal).catch((error) => fail(asFault(error)))
      }).finally(() => underWay.delete(flight))
      underWay.add(flight)
      return Promise.race([begun, failed.promise.catch(() => {})])
    },
    landed: async () => {
      check()
      await Promise.race([Promise.all(underWay), failed.promise])
      check()
    },
    check,
    failure: () => failure,
    abandon: fail,
  }
}
