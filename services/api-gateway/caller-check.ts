import type { Caller } from '#common/http/identity'
import { mayDo } from '#common/people/permissions'
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

/** The budgets of the tiers of SPEC section 7, and the one of tokens that are none. */
export type Budgets = { readonly invalid: Budget; readonly authenticated: Budget; readonly admin: Budget }

/** What says nothing of a token: it is none, none for here, or nobody can say it now. The service tells which. */
const isUndecided = (error: unknown): boolean =>
  isFault(error) && ['unauthenticated', 'forbidden', 'unavailable'].includes(error.kind)

/**
 * Whether a request may go on to its service, which then looks at its token itself. A person is counted by his address,
 * wherever he calls from and with whatever token; a service by its name and where it calls from. Who brings no valid
 * token is counted apart, so that he takes nothing from others there. `identify` answers who calls, or throws Fault
 * unauthenticated, forbidden or unavailable; others are thrown on.
 */
export const callerCheck =
  ({ invalid, authenticated, admin }: Budgets) =>
  async (client: string, identify: () => Promise<Caller>): Promise<boolean> => {
    try {
      const { caller, person } = await identify()
      if (person === undefined) return authenticated(`${caller} ${client}`)
      return (mayDo(person.roles, 'admin_access') ? admin : authenticated)(person.address)
    } catch (error) {
      if (!isUndecided(error)) throw error
      return invalid(client)
    }
  }
