import { expect } from 'bun:test'
import type { AnyElysia } from 'elysia'
import { CALLERS_FIELD, PEOPLE_FIELD, type People } from '../http/callers.ts'
import type { Guard } from '../http/identity.ts'
import { pathOf, routeMatcher } from '../http/route-pattern.ts'
import { Fault } from '../process/fault.ts'
import { silentLog } from '../process/log.ts'

/** Lets everybody in as the operator; for tests that are not about who calls. */
export const openGuard: Guard = async () => ({ caller: 'operator' })

/** Lets everybody in as this caller; for tests of what a route lets whom do. */
export const guardAs =
  (caller: string): Guard =>
  async () => ({ caller })

/** The callers that a route of an app names, undefined when it names none or is public. */
const namedCallers = (route: AnyElysia['routes'][number]): readonly string[] | undefined =>
  (route.hooks as { readonly detail?: { readonly [CALLERS_FIELD]?: readonly string[] } }).detail?.[CALLERS_FIELD]

/** An app whose every route is called by the first of those it names; for tests that are not about who calls. */
export const appOfAll = <A extends AnyElysia>(build: (guard: Guard) => A): A => {
  const app: A = build(async (request) => {
    const asked = `${request.method} ${pathOf(request)}`
    const route = app.routes.find(({ method, path }) => routeMatcher([`${method} ${path}`])(asked))
    return { caller: (route && namedCallers(route)?.[0]) ?? 'operator' }
  })
  return app
}

/** Every route of an app that needs a token, as 'METHOD /path' to the callers it names. */
export const routeCallers = (app: AnyElysia): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    app.routes.flatMap((route) => {
      const callers = namedCallers(route)
      return callers === undefined ? [] : [[`${route.method} ${route.path}`, callers] as const]
    }),
  )

/** Every route of an app that is for people, as 'METHOD /path' to the permission that it needs. */
export const routePeople = (app: AnyElysia): Readonly<Record<string, People>> =>
  Object.fromEntries(
    app.routes.flatMap(({ method, path, hooks }) => {
      const { detail } = hooks as { readonly detail?: { readonly [PEOPLE_FIELD]?: People } }
      const people = detail?.[PEOPLE_FIELD]
      return people === undefined ? [] : [[`${method} ${path}`, people] as const]
    }),
  )

/** Lets nobody in. */
export const closedGuard: Guard = async () => {
  throw new Fault('unauthenticated', 'bad-service-token', 'this route needs a service token')
}

/** Parts of a service for tests: everybody is let in, nothing is logged. */
export const testParts = { guard: openGuard, log: silentLog } as const

const alwaysOpen = ['GET /health', 'GET /status', 'GET /metrics', 'GET /openapi.json', 'GET /openapi']

/** Walks every route of an app built with `closedGuard` and expects 401 wherever it is not listed as public. */
export const everyRouteRefusesStrangers = async (
  app: AnyElysia,
  publicRoutes: readonly string[] = [],
): Promise<number> => {
  const guarded = app.routes
    .map(({ method, path }) => ({ method, path, name: `${method} ${path}` }))
    .filter(({ name }) => ![...alwaysOpen, ...publicRoutes].includes(name))
  for (const { method, path, name } of guarded) {
    const reply = await app.handle(new Request(`http://localhost${path.replaceAll(/:[a-z_]+/gi, 'x')}`, { method }))
    expect({ name, status: reply.status }).toEqual({ name, status: 401 })
  }
  return guarded.length
}

/** The reply of an app to a JSON request, as status and parsed body. */
export const ask = async (
  app: AnyElysia,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const reply = await app.handle(
    new Request(`http://localhost${path}`, {
      method,
      ...(text === undefined
        ? {}
        : { body: text, headers: { 'content-type': 'application/json', 'content-length': String(text.length) } }),
    }),
  )
  const said = await reply.text()
  return { status: reply.status, body: said === '' ? undefined : JSON.parse(said) }
}
