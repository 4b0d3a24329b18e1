/** A loop around one step. `poke` asks for a step that begins after the call and settles as it does. */
export type Poller = { readonly poke: () => Promise<void>; readonly stop: () => Promise<void> }

type Waiter = { readonly done: () => void; readonly failed: (error: unknown) => void }

/** Runs `step` for ever, one at a time; it answers the pause before the next, or `onError` does. */
export const poller = ({
  step,
  onError,
}: {
  readonly step: () => Promise<number>
  readonly onError: (error: unknown) => number
}): Poller => {
  let waiting: Waiter[] = []
  let stopped = false
  let wake = () => {}

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const once = async (): Promise<number> => {
    const served = waiting
    waiting = []
    try {
      const delay = await step()
      for (const { done } of served) done()
      return delay
    } catch (error) {
      for (const { failed } of served) failed(error)
      return onError(error)
    }
  }

  const run = async () => {
    while (!stopped) {
      const delay = await once()
      if (!stopped && waiting.length === 0) await sleep(delay)
    }
    for (const { done } of waiting) done()
  }
  const running = run()

  return {
    poke: () =>
      new Promise<void>((done, failed) => {
        if (stopped) return done()
        waiting.push({ done, failed })
        wake()
      }),
    stop: async () => {
      stopped = true
      wake()
      await running
    },
  }
}
