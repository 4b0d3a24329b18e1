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

/** Runs `work` on every item, at most `places` at once. After a failure nothing is begun; it is thrown once all that runs has ended. */
export const inParallel = async <T>(
  items: readonly T[],
  places: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const slot = limiter(places)
  const failures: unknown[] = []
  const one = async (item: T) => {
    if (failures.length === 0) await work(item).catch((error: unknown) => failures.push(error))
  }
  await Promise.all(items.map((item) => slot(() => one(item))))
  if (failures.length > 0) throw failures[0]
}
