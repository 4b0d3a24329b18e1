import type { AnyElysia } from 'elysia'
import type { CallerName } from '#services/catalog'
import { mayDo, type Permission } from '../people/permissions.ts'
import { Fault } from '../process/fault.ts'
import { requestContext, type SignedIn } from '../process/request-context.ts'
import { routeMatcher } from './route-pattern.ts'

/** Which people a route is for: those with a permission, or whoever is signed in. */
export type People = Permission | 'signed-in'

/**
 * The macros of every route that needs a token. `callers`: the services that may call it, out of those whom the catalogue
 * lets into the service at all. `people`: which people. They only type the options; `strictRoutes` takes them out and has
 * `requireCaller` stand in their place.
 */
export const callersMacro = { callers: (_: readonly CallerName[]) => ({}), people: (_: People) => ({}) } as const

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

/** What whoever brings no token is answered on a route that is for people; undefined on any other. */
export const findSignInFault = (routes: AnyElysia['routes'], asked: string): Fault | undefined => {
  const route = routes.find(({ method, path }) => routeMatcher([`${method} ${path}`])(asked))
  const { detail = {} } = (route?.hooks ?? {}) as { detail?: { [PEOPLE_FIELD]?: People; [CALLERS_FIELD]?: string[] } }
  if (detail[PEOPLE_FIELD] === undefined) return undefined
  const other = detail[CALLERS_FIELD]?.length ? ', or with a service token' : ''
  const how = `sign in (bun run lucid login) and send the access token as Authorization: Bearer${other}`
  return new Fault('unauthenticated', 'bad-access-token', `this route is for people who are signed in: ${how}`)
}

/** The person who is signed in; the route names `people`, so there is one. Throws Fault forbidden `not-a-person`. */
export const requestPerson = (): SignedIn => {
  const person = requestContext()?.person
  if (person === undefined) throw new Fault('forbidden', 'not-a-person', 'this route is for people only')
  return person
}
