import type { CallerName } from '#services/catalog'
import { mayDo, type Permission } from '../people/permissions.ts'
import { Fault } from '../process/fault.ts'
import { requestContext, type SignedIn } from '../process/request-context.ts'

/** Which people a route is for: those with a permission, or whoever is signed in. */
export type People = Permission | 'signed-in'

/**
 * The macros of every route that needs a token. `callers`: the services that may call it, out of those whom the catalogue
 * lets into the service at all. `people`: which people. They only type the options; `strictRoutes` takes them out and has
 * `requireCaller` stand in their place.
 */
export const callersMacro = {
  callers: (_: readonly CallerName[]) => ({}),
  people: (_: People) => ({}),
} as const

/** Where the OpenAPI document of a route names its callers, and its people. */
export const CALLERS_FIELD = 'x-callers'
export const PEOPLE_FIELD = 'x-people'

const isAllowed = ({ roles }: SignedIn, people: People | undefined): boolean =>
  people === 'signed-in' || (people !== undefined && mayDo(roles, people))

const forWhom = (callers: readonly string[], people: People | undefined): string => {
  const whom = [...callers, ...(people === undefined ? [] : [`people (${people})`])]
  return whom.length === 0 ? 'this route is for nobody' : `this route is for ${whom.join(' and ')} only`
}

/**
 * Lets nobody on but `callers` and `people`, before anything of the request is judged. Throws Fault forbidden
 * `caller-not-allowed`, for a person `not-permitted`.
 */
export const requireCaller = (callers: readonly string[], people?: People) => (): void => {
  const { caller, person } = requestContext() ?? {}
  if (person === undefined ? caller !== undefined && callers.includes(caller) : isAllowed(person, people)) return
  throw new Fault(
    'forbidden',
    person === undefined ? 'caller-not-allowed' : 'not-permitted',
    person !== undefined && people !== undefined
      ? `this needs the permission ${people}: ask an admin for a role that has it`
      : forWhom(callers, people),
  )
}

/** The person who is signed in; the route names `people`, so there is one. Throws Fault forbidden `not-a-person`. */
export const requestPerson = (): SignedIn => {
  const person = requestContext()?.person
  if (person === undefined) throw new Fault('forbidden', 'not-a-person', 'this route is for people only')
  return person
}
