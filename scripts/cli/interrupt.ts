/** What a person, a terminal that goes away or a supervisor sends to end a command. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type EndSignal = (typeof endSignals)[number]

/** The exit code of a command that a signal ended, as shells have it: 128 and the number of the signal. */
export const signalExit = (name: EndSignal): number => 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[name]

/** Time for all that is to be put in order before the process goes, ms. */
const PATIENCE = 2_000

const cleanups = new Set<() => unknown>()
let ending = false

const end = (name: EndSignal): void => {
  // A command that has its own way to end takes care of everything.
  if (process.listenerCount(name) > 1) return
  const leave = () => {
    for (const other of endSignals) process.removeAllListeners(other)
    process.kill(process.pid, name)
  }
  if (ending) {
    leave()
    return
  }
  ending = true
  void Promise.race([Promise.allSettled([...cleanups].map(async (clean) => clean())), Bun.sleep(PATIENCE)]).then(leave)
}

/**
 * Does something before a signal ends the process: shows the cursor again, removes a file that is not finished. Answers
 * the function that makes it undone when the work is over. The process then ends by the signal, as if nobody had listened.
 */
export const beforeInterrupt = (clean: () => unknown): (() => void) => {
  if (cleanups.size === 0) for (const name of endSignals) process.on(name, end)
  cleanups.add(clean)
  return () => {
    cleanups.delete(clean)
    if (cleanups.size === 0) for (const name of endSignals) process.off(name, end)
  }
}

/** Takes the signals itself until the returned function is called: `first` for the first, `again` for every other. */
export const takeSignals = (first: (name: EndSignal) => void, again: (name: EndSignal) => void): (() => void) => {
  let count = 0
  const take = (name: EndSignal): void => (count++ === 0 ? first(name) : again(name))
  for (const name of endSignals) process.on(name, take)
  return () => {
    for (const name of endSignals) process.off(name, take)
  }
}
