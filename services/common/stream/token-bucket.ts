import { boundedMap } from './bounded-map.ts'

/** Keys that are remembered; the longest unused are forgotten first, which only gives them a full bucket. */
const KEYS = 10_000

export type TokenBuckets = {
  /** Takes one from the bucket of `key`; false when none is left. */
  readonly take: (key: string) => boolean
  /** Takes what a piece of work turned out to cost, more than is left if need be: that must come back first. */
  readonly charge: (key: string, cost: number) => void
}

/** A bucket of `size` for each key, which refills by `perMinute`. `now` is a clock that only goes forward, in ms. */
export const tokenBuckets = (
  { size, perMinute }: { readonly size: number; readonly perMinute: number },
  now: () => number,
): TokenBuckets => {
  const buckets = boundedMap<{ readonly left: number; readonly at: number }>(KEYS)

  const leftIn = (key: string, at: number): number => {
    const known = buckets.get(key)
    return known === undefined ? size : Math.min(size, known.left + ((at - known.at) * perMinute) / 60_000)
  }
  return {
    take: (key) => {
      const at = now()
      const left = leftIn(key, at)
      buckets.set(key, { left: left >= 1 ? left - 1 : left, at })
      return left >= 1
    },
    charge: (key, cost) => {
      const at = now()
      buckets.set(key, { left: leftIn(key, at) - cost, at })
    },
  }
}
