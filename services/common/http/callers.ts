import type { CallerName } from '#services/catalog'
import { Fault } from '../process/fault.ts'
import { requestContext } from '../process/request-context.ts'

/**
 * The macro `callers` of every route that needs a token: who may call it, out of those whom the catalogue lets into the
 * service at all. It only types the option; `strictRoutes` takes it out and has `requireCaller` stand in its place.
 */
export const callersMacro = { callers: (_: readonly CallerName[]) => ({}) } as const

/** Where the OpenAPI document of a route names its callers. */
export const CALLERS_FIELD = 'x-callers'

/** Lets nobody but `callers` on, before anything of the request is judged. Throws Fault forbidden `caller-not-allowed`. */
export const requireCaller = (callers: readonly string[]) => (): void => {
  const caller = requestContext()?.caller
  if (caller !== undefined && callers.includes(caller)) return
  throw new Fault(
    'forbidden',
    'caller-not-allowed',
    callers.length === 0 ? 'this route is for nobody' : `this route is for ${callers.join(' and ')} only`,
  )
}
