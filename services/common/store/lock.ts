/** Runs one piece of work at a time, in the order they were asked for. */
export type Lock = <R>(work: () => R | Promise<R>) => Promise<R>

/** A new lock. A failure is the asker's alone; the next in line still runs. */
export const fifoLock = (): Lock => {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
}
