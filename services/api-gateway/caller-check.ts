import { isFault } from '#common/process/fault'
import { tokenBuckets } from '#common/stream/token-bucket'

/** Takes one of the requests of `key`; false when none is left. */
export type Budget = (key: string) => boolean

/**
 * A bucket of `perMinute` requests for each key, which refills at that rate. `now` is a clock that only goes forward,
 * in ms.
 */
export const requestBudget = (perMinute: number, now: () => number): Budget =>
  tokenBuckets({ size: perMinute, perMinute }, now).take

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
