import { openapi } from '@elysia/openapi'
import { KindGuard, type TObject } from '@sinclair/typebox'
import type { Elysia } from 'elysia'
import { catalog, type Entry } from '#services/catalog'
import type { JsonBounds } from '../stream/bounded-json.ts'
import { AUDITED_FIELD, changesSomething, noteRoute, UNAUDITED_FIELD } from './audited.ts'
import { CALLERS_FIELD, PEOPLE_FIELD, type People, requireCaller } from './callers.ts'
import { jsonBody } from './json-body.ts'
import { closed } from './strict-schema.ts'

/** What the catalogue says a service does; tests have services that are not in it. */
const findSummary = (name: string): string => (catalog as Readonly<Record<string, Entry>>)[name]?.summary ?? name

/** The service token as OpenAPI states it; what a route needs unless its own `security` is empty. */
const SCHEME = 'serviceToken'
const PEOPLE_SCHEME = 'accessToken'
const securitySchemes = {
  [SCHEME]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'token of the calling service’s own identity (EdDSA), made for this service alone',
  },
  [PEOPLE_SCHEME]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'access token of a person who is signed in (POST /auth/verify)',
  },
} as const

/** The plugin that answers /openapi.json. */
export const describeRoutes = (name: string, version: string) =>
  openapi({
    provider: null,
    path: '/openapi',
    specPath: '/openapi.json',
    documentation: {
      info: { title: name, version, description: findSummary(name) },
      components: { securitySchemes },
      security: [{ [SCHEME]: [] }],
    },
    // `staticFile` would leave out every route with a dot in it, /openapi/merged.json for one.
    exclude: { paths: ['/openapi', '/openapi.json'], staticFile: false },
  })

type Hook =
  | {
      readonly body?: unknown
      readonly parse?: unknown
      readonly detail?: object
      readonly callers?: readonly string[]
      readonly people?: People
      readonly unaudited?: string
    }
  | undefined
type Add = (method: string, path: string, handle: unknown, hook: Hook, options: unknown) => unknown

/** Services that may call say so by their own token; people by an access token. */
const whoMayCall = (callers: readonly string[], people: People | undefined) => ({
  [CALLERS_FIELD]: callers,
  ...(people !== undefined && {
    [PEOPLE_FIELD]: people,
    security: [...(callers.length > 0 ? [{ [SCHEME]: [] }] : []), { [PEOPLE_SCHEME]: [] }],
  }),
})

/** A route that changes something is in the audit log, or says why it is not. An open one is its service's own business. */
const describeAudit = (method: string, unaudited: string | undefined) => {
  if (!changesSomething(method)) return {}
  return unaudited === undefined ? { [AUDITED_FIELD]: true } : { [UNAUDITED_FIELD]: unaudited }
}

/**
 * Changes every route as it is added: its body schema is closed, however deep (Elysia closes the outermost
 * object alone), its body is parsed within bounds unless it has a parser of its own, and it lets on only the `callers` that
 * and `people` that it names: nobody, when it names none. An open route says in the OpenAPI document that it takes no token.
 */
export const strictRoutes = (app: Elysia, open: readonly string[], bounds: JsonBounds): void => {
  const add: Add = app['add'].bind(app)
  const strict: Add = (method, path, handle, hook, options) => {
    const { callers = [], people, unaudited, ...rest } = hook ?? {}
    const { body } = rest
    const isOpen = open.includes(`${method} ${path}`)
    // Before the body is read where there is one, and again where there is none.
    const note = changesSomething(method) && unaudited === undefined ? [noteRoute(`${method} ${path}`)] : []
    const first = isOpen ? [] : [requireCaller(callers, people), ...note]
    // The last parser is for the OpenAPI document.
    const parsers = [...first, jsonBody(bounds, (body as TObject | undefined)?.required), 'json']
    const changed = {
      ...rest,
      ...(KindGuard.IsSchema(body) && { body: closed(body), parse: rest.parse ?? parsers }),
      detail: {
        ...rest.detail,
        ...(isOpen ? { security: [] } : { ...whoMayCall(callers, people), ...describeAudit(method, unaudited) }),
      },
      transform: first,
    }
    return add(method, path, handle, changed, options)
  }
  app['add'] = strict
}
