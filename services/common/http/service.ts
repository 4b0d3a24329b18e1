import { openapi } from '@elysia/openapi'
import { KindGuard } from '@sinclair/typebox'
import { Elysia, t, ValidationError } from 'elysia'
import { catalog, type Entry } from '#services/catalog'
import packageJson from '../../../package.json' with { type: 'json' }
import { Fault } from '../process/fault.ts'
import { type Checks, type Health, health } from '../process/health.ts'
import { errorFields, type Log, type LogFields } from '../process/log.ts'
import { isRequestId, requestContext, withRequestContext } from '../process/request-context.ts'
import { cutOff } from '../stream/stream.ts'
import type { Guard } from './identity.ts'
import { processMetrics, Registry, requestMetrics } from './metrics.ts'
import { faultResponse, unexpectedResponse } from './problem.ts'
import { matchesRoute, pathOf } from './route-pattern.ts'
import { closed } from './strict-schema.ts'

export { problems } from './problem.ts'

export type ServiceParts = {
  /** Decides who calls; every route but the public ones asks it before anything else is read. */
  readonly guard: Guard
  readonly log: Log
  readonly metrics?: Registry
  /** What this service cannot work without, by name; a check that throws makes it unhealthy. */
  readonly checks?: Checks
  /** Checks that are reported but leave /health at 200: their absence is queued for. */
  readonly soft?: readonly string[]
  /** What /status adds: queue depths, counters, engines. No secret. */
  readonly status?: () => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>
  /** Routes that need no token, as 'GET /anchors/:session'. */
  readonly publicRoutes?: readonly string[]
  /** Routes that take a streaming body of any length, as 'PATCH /recordings/:id/stream'. */
  readonly streamRoutes?: readonly string[]
  /** Largest body of all other routes, bytes. */
  readonly maxBody?: number
  readonly now?: () => number
}

const everyService = ['GET /health', 'GET /status', 'GET /metrics', 'GET /openapi.json']
const MIB = 1024 * 1024
type Handle = (request: Request) => Response | Promise<Response>

/** The version all services share: that of package.json. */
export const version: string = packageJson.version

const Json = t.Record(t.String(), t.Any())

/** 503 keeps the whole health document: a probe must see which dependency fails. */
const healthStatus = ({ status }: Health) => (status === 'healthy' ? 200 : 503)

type Invalid = { readonly type: string; readonly valueError?: unknown }

const isBadReply = (error: unknown): error is ValidationError =>
  error instanceof ValidationError && error.type === 'response'

/** Where a value breaks its schema and how, without the value. */
const placeOf = ({ type, valueError }: Invalid): string => {
  const { path = '', message = 'is not valid' } = (valueError ?? {}) as { path?: string; message?: string }
  return `${type}${path.replaceAll('/', '.')}: ${message}`
}

const validationFault = (error: Invalid): Fault => new Fault('invalid', 'bad-request', placeOf(error))

const expected = (code: string | number, error: unknown): Fault | undefined => {
  if (error instanceof Fault) return error
  if (code === 'NOT_FOUND')
    return new Fault('missing', 'no-such-route', 'there is no such route; see /openapi.json')
  if (code === 'PARSE')
    return new Fault('invalid', 'unreadable-body', 'the body is not what its content type says')
  if (code === 'VALIDATION' && !isBadReply(error)) return validationFault(error as Invalid)
  return undefined
}

/** True for what reading a body throws when its sender is gone. */
const isCutOff = (error: unknown, request: Request): boolean =>
  request.signal.aborted && error instanceof Error && error.name === 'AbortError'

/** For the log: Elysia's message quotes the whole reply, which may hold a key, so only the place is kept. */
const unexpectedFields = (error: unknown): LogFields =>
  isBadReply(error)
    ? { error: `the reply does not keep to its schema: ${placeOf(error as unknown as Invalid)}` }
    : errorFields(error)

/** Refuses a body over the limit, and one that does not say its length where it is not a stream. */
const checkBody = (request: Request, limit: number): void => {
  if (request.body === null) return
  const length = request.headers.get('content-length')
  if (length === null)
    throw new Fault(
      'invalid',
      'length-required',
      'this route needs a Content-Length; only streams go without',
    )
  if (Number(length) > limit)
    throw new Fault('too-large', 'body-too-large', `the body has ${length} bytes, the limit is ${limit}`)
}

/** What the catalogue says a service does; tests have services that are not in it. */
const summaryOf = (name: string): string =>
  (catalog as Readonly<Record<string, Entry>>)[name]?.summary ?? name

type Hook = { readonly body?: unknown; readonly detail?: object } | undefined
type Add = (method: string, path: string, handle: unknown, hook: Hook, options: unknown) => unknown

/** The service token as OpenAPI states it; what a route needs unless its own `security` is empty. */
const SCHEME = 'serviceToken'
const securitySchemes = {
  [SCHEME]: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'token of the calling service’s own identity (EdDSA), made for this service alone',
  },
} as const

/**
 * Changes every route as it is added: its body schema is closed, however deep (Elysia closes the outermost
 * object alone), and an open route says in the OpenAPI document that it takes no token.
 */
const strictRoutes = (app: Elysia, open: readonly string[]): void => {
  const add: Add = app['add'].bind(app)
  const strict: Add = (method, path, handle, hook, options) => {
    const body = hook?.body
    const changed = {
      ...hook,
      ...(KindGuard.IsSchema(body) && { body: closed(body) }),
      ...(open.includes(`${method} ${path}`) && { detail: { ...hook?.detail, security: [] } }),
    }
    return add(method, path, handle, Object.keys(changed).length === 0 ? hook : changed, options)
  }
  app['add'] = strict
}

/**
 * The root of every service: strict bodies, problem details (RFC 9457), request ids, the four routes of
 * SPEC section 3, and a service token demanded on all others. Hooks of Elysia bind only to what is
 * registered later, so a service starts from here and nowhere else.
 */
export const service = (name: string, parts: ServiceParts) => {
  const { guard, log, metrics = new Registry(), checks = {}, soft = [], status, maxBody = MIB } = parts
  const { publicRoutes = [], streamRoutes = [], now = Date.now } = parts
  const startedAt = now()
  const measured = requestMetrics(metrics)
  processMetrics(metrics, startedAt)
  const open = [...everyService, ...publicRoutes]
  const quiet = (request: Request) => matchesRoute(everyService, request)

  const failed = (error: unknown, request: Request, requestId: string, code: string | number = '') => {
    const fault = expected(code, error) ?? (isCutOff(error, request) ? cutOff(error) : undefined)
    if (fault) return faultResponse(fault, requestId)
    log.error('unexpected', unexpectedFields(error))
    return unexpectedResponse(requestId)
  }

  const admitted = async (request: Request) => {
    if (pathOf(request) === undefined)
      throw new Fault('invalid', 'bad-address', 'the Host or the path of this request is malformed')
    if (!matchesRoute(streamRoutes, request)) checkBody(request, maxBody)
    return matchesRoute(open, request) ? undefined : (await guard(request)).caller
  }

  const answer = async (request: Request, requestId: string, handle: Handle) => {
    try {
      const caller = await admitted(request)
      return await withRequestContext({ requestId, caller }, async () => handle(request))
    } catch (error) {
      return withRequestContext({ requestId, caller: undefined }, () => failed(error, request, requestId))
    }
  }

  const own = {
    service: name,
    version,
    started_at: startedAt,
    onFailure: (check: string, error: unknown) => log.error('check-failed', { check, ...errorFields(error) }),
  }

  const root = new Elysia({
    normalize: false,
    // Otherwise the router misreads addresses whose host has less than four characters.
    handler: { standardHostname: false },
    // Bun's own router would pass by what is wrapped around the handler: the token, the limits, the log.
    systemRouter: false,
    nativeStaticResponse: false,
    serve: {
      development: false,
      // Bun's own limit answers a bare 413; checkBody refuses with a problem document instead.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      idleTimeout: 120,
    },
  })
  strictRoutes(root, open)
  return root
    .wrap((handle) => async (request: Request) => {
      const given = request.headers.get('x-request-id')
      const requestId = isRequestId(given) ? given : crypto.randomUUID()
      const began = performance.now()
      const reply = await answer(request, requestId, handle as unknown as Handle)
      const ms = performance.now() - began
      measured.requests.inc({ method: request.method, status: reply.status })
      measured.seconds.observe(ms / 1000)
      if (!reply.headers.has('x-request-id')) reply.headers.set('x-request-id', requestId)
      if (!quiet(request))
        withRequestContext({ requestId, caller: undefined }, () =>
          log.info('request', {
            method: request.method,
            path: pathOf(request) ?? '',
            status: reply.status,
            ms: Math.round(ms * 10) / 10,
          }),
        )
      return reply
    })
    .onError({ as: 'global' }, ({ code, error, request }) =>
      failed(error, request, requestContext()?.requestId ?? '', code),
    )
    .use(
      openapi({
        provider: null,
        path: '/openapi',
        specPath: '/openapi.json',
        documentation: {
          info: { title: name, version, description: summaryOf(name) },
          components: { securitySchemes },
          security: [{ [SCHEME]: [] }],
        },
        // `staticFile` would leave out every route with a dot in it, /openapi/merged.json for one.
        exclude: { paths: ['/openapi', '/openapi.json'], staticFile: false },
      }),
    )
    .get(
      '/health',
      async ({ query, set }) => {
        const found = await health({ ...own, checks: query.deep === 'false' ? {} : checks, soft })
        set.status = healthStatus(found)
        return found
      },
      { query: t.Object({ deep: t.Optional(t.Union([t.Literal('true'), t.Literal('false')])) }) },
    )
    .get('/status', async () => ({ ...(await health({ ...own, checks, soft })), ...(await status?.()) }), {
      response: { 200: Json },
    })
    .get(
      '/metrics',
      async () => new Response(await metrics.metrics(), { headers: { 'content-type': metrics.contentType } }),
    )
}
