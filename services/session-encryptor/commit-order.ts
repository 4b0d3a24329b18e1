import { Fault } from '#common/process/fault'
import { type Limiter, limiter } from '#common/stream/limiter'

type Waiter = {
  readonly go: () => void
  readonly refuse: (fault: Fault) => void
  readonly late: ReturnType<typeof setTimeout>
}

/** Lets the commits of one session through in index order: behind a missing chunk none could be verified. */
export type CommitOrder = {
  /** Resolves when `index` is next. Throws Fault `fenced` when the epoch ended, `timed-out` after `ms`. */
  readonly wait: (epoch: number, index: number, ms: number) => Promise<void>
  /** `index` was committed: the next one may go. */
  readonly committed: (index: number) => void
  /** Whether the chunk at `next` was committed is not known: the store went away while it was asked to. */
  readonly markUncertain: () => void
  readonly isUncertain: () => boolean
  /** Ends an uncertainty: the store says that `next` is next. */
  readonly settle: (next: number) => void
  /** A new writer starts at `next`; whoever waits under an older epoch is refused. */
  readonly reset: (epoch: number, next: number) => void
  /** Runs one piece of work at a time, so that a writer that was fenced meanwhile cannot touch a file. */
  readonly exclusively: Limiter
  readonly epoch: () => number
  readonly next: () => number
}

/** The refusal of a writer that another one has replaced. */
export const fenced = () =>
  new Fault(
    'conflict',
    'fenced',
    'another writer has taken over this session; ask for its progress and go on from there',
  )

const isTaken = (index: number) => new Fault('conflict', 'chunk-in-progress', `chunk ${index} is written already`)

const timedOut = (missing: number, index: number) =>
  new Fault('unavailable', 'timed-out', `chunk ${missing} did not come, so chunk ${index} cannot be kept`, {
    retryAfter: 1000,
  })

/** The order of a session whose `epoch` writer stands at `next`. */
export const commitOrder = (epoch: number, next: number): CommitOrder => {
  let at = { epoch, next }
  let isUncertain = false
  const waiting = new Map<number, Waiter>()

  const takeWaiter = (index: number): Waiter | undefined => {
    const waiter = waiting.get(index)
    clearTimeout(waiter?.late)
    waiting.delete(index)
    return waiter
  }

  const moveTo = (to: { readonly epoch: number; readonly next: number }): void => {
    at = to
    isUncertain = false
  }

  const goOn = (index: number): void => {
    moveTo({ ...at, next: index })
    takeWaiter(index)?.go()
  }

  return {
    exclusively: limiter(1),
    markUncertain: () => {
      isUncertain = true
    },
    isUncertain: () => isUncertain,
    epoch: () => at.epoch,
    next: () => at.next,
    wait: async (mine, index, ms) => {
      if (mine !== at.epoch) throw fenced()
      if (index === at.next) return
      if (index < at.next || waiting.has(index)) throw isTaken(index)
      await new Promise<void>((go, refuse) => {
        const late = setTimeout(() => takeWaiter(index)?.refuse(timedOut(at.next, index)), ms)
        waiting.set(index, { go, refuse, late })
      })
    },
    committed: (index) => goOn(index + 1),
    settle: goOn,
    reset: (newEpoch, newNext) => {
      moveTo({ epoch: newEpoch, next: newNext })
      for (const index of [...waiting.keys()]) takeWaiter(index)?.refuse(fenced())
    },
  }
}
