/** Runs work while a place is free; the rest waits in order. */
export type Limiter = <R>(work: () => Promise<R>) => Promise<R>

/** At most `places` pieces of work at once. */
export const limiter = (places: number): Limiter => {
  const waiting: (() => void)[] = []
  let free = places
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((go) => waiting.push(go))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}
