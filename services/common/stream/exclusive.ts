import type { Fault } from '../process/fault.ts'

/** Work of which at most one piece runs for a key; whoever comes meanwhile is refused. */
export type Exclusive = {
  readonly run: <R>(key: string, work: () => Promise<R>) => Promise<R>
  /** The keys that are taken now. */
  readonly keys: () => readonly string[]
}

/** Exclusion by key. `run` throws `refusal()` for a key that is taken. */
export const exclusive = (refusal: () => Fault): Exclusive => {
  const taken = new Set<string>()
  return {
    run: async (key, work) => {
      if (taken.has(key)) throw refusal()
      taken.add(key)
      try {
        return await work()
      } finally {
        taken.delete(key)
      }
    },
    keys: () => [...taken],
  }
}
