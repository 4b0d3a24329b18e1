/** Numbers that look random and are the same for the same seed. */
export type Random = {
  /** A whole number from 0 to `limit` - 1. */
  readonly below: (limit: number) => number
  /** One of the items. Throws RangeError where there are none. */
  readonly pick: <T>(items: readonly T[]) => T
  /** The items in another order. */
  readonly shuffled: <T>(items: readonly T[]) => readonly T[]
}

/** A stream of numbers from a 32-bit seed: mulberry32 (T. Ettinger, public domain). Not for keys. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('nothing to draw from')
      return items[below(items.length)] as T // it is in there
    },
    shuffled: (items) =>
      items
        .map((item) => ({ item, order: next() }))
        .toSorted((a, b) => a.order - b.order)
        .map(({ item }) => item),
  }
}
