import { isFault } from '#common/process/fault'

/** Takes one of the requests of `key`; false when none is left. */
export type Budget = (key: string) => boolean

/** Keys that are remembered; the longest unused are forgotten first, which only gives them a full bucket. */
const KEYS = 10_000

/**
 * A bucket of `perMinute` requests for each key, which refills at that rate. `now` is a clock that only goes forward,
 * in ms.
 */
export const requestBudget = (perMinute: number, now: () => number): Budget => {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>()
  return (key) => {
    const at = now()
    const known = buckets.get(key)
    const left =
      known === undefined
        ? perMinute
        : Math.min(perMinute, known.left + ((at - known.at) * perMinute) / 60_000)
    buckets.delete(key)
    buckets.set(key, { left: left >= 1 ? left - 1 : left, at })
    const [oldest] = buckets.keys()
    if (buckets.size > KEYS && oldest !== undefined) buckets.delete(oldest)
    return left >= 1
  }
}

/**
 * Whether a request may go on to its service, which then looks at its token itself. A caller with a valid token is
 * counted by its name and where it calls from. Who brings none is counted apart, so that he takes nothing from others
 * there. `identify` answers the caller's name, or throws Fault unauthenticated or forbidden; others are thrown on.
 */
export const callerCheck =
  ({ valid, invalid }: { readonly valid: Budget; readonly invalid: Budget }) =>
  async (client: string, identify: () => Promise<{ readonly caller: string }>): Promise<boolean> => {
    try {
      const { caller } = await identify()
      return valid(`${caller} ${client}`)
    } catch (error) {
      if (!isFault(error) || (error.kind !== 'unauthenticated' && error.kind !== 'forbidden')) throw error
      return invalid(client)
    }
  }
