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

/** How long a token that was verified is not verified again, ms, and how many of them there are. */
const REMEMBER = 2_000
const MOST = 10_000

/**
 * `identify`, which remembers for a moment whom a token named: it only counts, so what was revoked meanwhile is no
 * danger, and a signature costs more than all the rest of a check.
 */
export const rememberCallers = (
  identify: (service: string, request: Request) => Promise<Caller>,
  now: () => number,
) => {
  const known = new Map<string, { readonly caller: Caller; readonly at: number }>()
  return async (service: string, request: Request): Promise<Caller> => {
    const key = `${service} ${request.headers.get('authorization')}`
    const found = known.get(key)
    if (found !== undefined && now() - found.at < REMEMBER) return found.caller
    const caller = await identify(service, request)
    known.delete(key)
    known.set(key, { caller, at: now() })
    const [oldest] = known.keys()
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
    return caller
  }
}
