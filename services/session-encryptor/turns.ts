import { Fault } from '#common/process/fault'
import { type Limiter, limiter } from '#common/stream/limiter'

type Waiter = { readonly go: () => void; readonly refuse: (fault: Fault) => void }

/**
 * Lets the commits of one session through in index order. Chunks are encrypted side by side, but an
 * acknowledged chunk whose predecessor is missing could never be verified, so nothing is committed early.
 */
export type Turns = {
  /** Resolves when `index` is next. Throws Fault `fenced` when the epoch ended, `timed-out` after `ms`. */
  readonly wait: (epoch: number, index: number, ms: number) => Promise<void>
  /** `index` was committed: the next one may go. */
  readonly done: (index: number) => void
  /** Whether the chunk at `next` was committed is not known: the store went away while it was asked to. */
  readonly doubt: () => void
  readonly inDoubt: () => boolean
  /** Ends a doubt: the store says that `next` is next. */
  readonly settle: (next: number) => void
  /** A new writer starts at `next`; whoever waits under an older epoch is refused. */
  readonly reset: (epoch: number, next: number) => void
  /** Runs one piece of work at a time, so that a writer that was fenced meanwhile cannot touch a file. */
  readonly alone: Limiter
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

/** Turns of a session whose `epoch` writer stands at `next`. */
export const turns = (epoch: number, next: number): Turns => {
  let at = { epoch, next }
  let doubted = false
  const waiting = new Map<number, Waiter>()
  const moveTo = (next: number) => {
    at = { ...at, next }
    doubted = false
    waiting.get(next)?.go()
  }
  return {
    alone: limiter(1),
    doubt: () => {
      doubted = true
    },
    inDoubt: () => doubted,
    epoch: () => at.epoch,
    next: () => at.next,
    wait: (mine, index, ms) => {
      if (mine !== at.epoch) return Promise.reject(fenced())
      if (index === at.next) return Promise.resolve()
      if (index < at.next || waiting.has(index))
        return Promise.reject(new Fault('conflict', 'chunk-in-progress', `chunk ${index} is written already`))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const late = setTimeout(() => {
        waiting.delete(index)
        reject(
          new Fault(
            'unavailable',
            'timed-out',
            `chunk ${at.next} did not come, so chunk ${index} cannot be kept`,
            {
              retryAfter: 1000,
            },
          ),
        )
      }, ms)
      const leave = () => {
        clearTimeout(late)
        waiting.delete(index)
      }
      waiting.set(index, {
        go: () => {
          leave()
          resolve()
        },
        refuse: (fault) => {
          leave()
          reject(fault)
        },
      })
      return promise
    },
    done: (index) => moveTo(index + 1),
    settle: moveTo,
    reset: (newEpoch, newNext) => {
      at = { epoch: newEpoch, next: newNext }
      doubted = false
      for (const waiter of waiting.values()) waiter.refuse(fenced())
    },
  }
}
