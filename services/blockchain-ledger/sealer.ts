import { retry } from '#common/process/backoff'
import { errorMessage } from '#common/process/error'
import { errorFields, type Log } from '#common/process/log'

export type SealerParts = {
  readonly seal: () => Promise<boolean>
  /** Gives the virtual machine the state of the head, where it lost it. */
  readonly prepare: () => Promise<void>
  /** Milliseconds to collect transactions before the next block. */
  readonly window: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly log: Log
}

/** Whatever failed may go well later. */
const AGAIN = { isPassing: () => true, delay: () => 1000 } as const

/** Seals after each window while anything waits. A failure is logged and tried again; nothing waiting is lost. */
export const sealer = ({ seal, prepare, window, sleep, log }: SealerParts) => {
  let running: Promise<void> | undefined
  let woken = false
  let stopped = false
  let failure: unknown

  /** Does it, again after a pause while it fails; `check` tells the newest failure meanwhile. */
  const persist = async (event: string, work: () => Promise<void>): Promise<void> => {
    await retry(async () => (stopped ? undefined : work()), {
      ...AGAIN,
      pause: sleep,
      onRetry: (error) => {
        // What stands in the way for long is said once.
        if (errorMessage(error) !== errorMessage(failure)) log.error(event, errorFields(error))
        failure = error
      },
    })
    failure = undefined
  }

  const run = async () => {
    while (woken && !stopped) {
      woken = false
      await persist('seal-failed', async () => {
        await sleep(window())
        if (!stopped && (await seal())) woken = true
      })
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
    wake: () => {
      woken = true
      start()
    },
    /** Resumes after a start: brings the machine's state up to the head, then seals what waits. */
    resume: async () => {
      await persist('state-not-ready', prepare)
      woken = true
      start()
    },
    /** Throws what stands in the way of the next block, while something does. */
    check: () => {
      if (failure !== undefined) throw failure
    },
    stop: async () => {
      stopped = true
      await running
    },
  }
}
