import { retry } from '#common/process/backoff'
import { errorFields, type Log } from '#common/process/log'

export type SealerParts = {
  /** Makes one block; false when there was nothing to make one of. */
  readonly seal: () => Promise<boolean>
  /** Gives the virtual machine the state of the head, where it lost it. */
  readonly prepare: () => Promise<void>
  /** Milliseconds to collect transactions before the next block. */
  readonly window: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly log: Log
}

const RETRY_MS = 1000

/**
 * Turns waiting transactions into blocks: idle until woken, then a block after each window until nothing
 * waits. A failure (the virtual machine away, a full disk) is logged and tried again; nothing waiting is lost.
 */
export const sealer = ({ seal, prepare, window, sleep, log }: SealerParts) => {
  let running: Promise<void> | undefined
  let woken = false
  let stopped = false
  let failure: unknown

  const fail = (event: string, error: unknown) => {
    failure = error
    log.error(event, errorFields(error))
  }

  const round = async (): Promise<void> => {
    try {
      await sleep(window())
      if (stopped) return
      if (await seal()) woken = true
      failure = undefined
    } catch (error) {
      fail('seal-failed', error)
      woken = true
      await sleep(RETRY_MS)
    }
  }

  const run = async () => {
    while (woken && !stopped) {
      woken = false
      await round()
    }
  }

  const start = () => {
    if (running || stopped) return
    running = run().finally(() => {
      running = undefined
      if (woken) start() // woken between the last look and the end
    })
  }

  return {
    /** There may be something to seal. */
    wake: () => {
      woken = true
      start()
    },
    /** Resumes after a start: brings the machine's state up to the head, then seals what waits. */
    resume: async () => {
      await retry(async () => (stopped ? undefined : prepare()), {
        isPassing: () => true,
        delay: () => RETRY_MS,
        pause: sleep,
        onRetry: (error) => fail('state-not-ready', error),
      })
      failure = undefined
      woken = true
      start()
    },
    /** Throws what stands in the way of the next block, while something does. */
    check: () => {
      if (failure !== undefined) throw failure
    },
    /** Resolves once no block is being made any more. */
    stop: async () => {
      stopped = true
      await running
    },
  }
}
