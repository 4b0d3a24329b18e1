import { Fault } from '../process/fault.ts'
import { requestContext } from '../process/request-context.ts'

/**
 * A `beforeHandle` that narrows a route to some of the service's callers (the catalogue narrows the service).
 * Throws Fault `forbidden`.
 */
export const onlyFor =
  (...callers: readonly string[]) =>
  (): void => {
    const caller = requestContext()?.caller
    if (caller === undefined || !callers.includes(caller))
      throw new Fault('forbidden', 'caller-not-allowed', `this route is for ${callers.join(' and ')} only`)
  }
