import { openapi } from '@elysia/openapi'
import { Elysia, t } from 'elysia'
import packageJson from '../../package.json' with { type: 'json' }
import { Fault } from './fault.ts'
import { type Checks, type Health, health } from './health.ts'
import type { Guard } from './identity.ts'
import { errorFields, type Log } from './log.ts'
import { processMetrics, Registry, requestMetrics } from './metrics.ts'
import { faultResponse, unexpectedResponse } from './problem.ts'
import { isRequestId, requestContext, withRequestContext } from './request-context.ts'
import { matchesRoute } from './route-pattern.ts'

export { Problem, problems } from './problem.ts'

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

const validationFault = (error: { readonly type: string; readonly valueError?: unknown }): Fault => {
  const { path = '', message = 'is not valid' } = (error.valueError ?? {}) as {
    path?: string
    message?: string
  }
  const where = `${error.type}${path.replaceAll('/', '.')}`
  return new Fault('invalid', 'bad-request', `${where}: ${message}`)
}

const expected = (code: string | number, error: unknown): Fault | undefined => {
  if (error instanceof Fault) return error
  if (code === 'NOT_FOUND')
    return new Fault('missing', 'no-such-route', 'there is no such route; see /openapi.json')
  if (code === 'PARSE')
    return new Fault('invalid', 'unreadable-body', 'the body is not what its content type says')
  if (code === 'VALIDATION') {
    const failed = error as { type: string; valueError?: unknown }
    return failed.type === 'response' ? undefined : validationFault(failed)
  }
  return undefined
}

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

  const failed = (error: unknown, requestId: string, code: string | number = ''): Response => {
    const fault = expected(code, error)
    if (fault) return faultResponse(fault, requestId)
    log.error('unexpected', errorFields(error))
    return unexpectedResponse(requestId)
  }

  const admitted = async (request: Request) => {
    if (!matchesRoute(streamRoutes, request)) checkBody(request, maxBody)
    return matchesRoute(open, request) ? undefined : (await guard(request)).caller
  }

  const answer = async (request: Request, requestId: string, handle: Handle) => {
    try {
      const caller = await admitted(request)
      return await withRequestContext({ requestId, caller }, async () => handle(request))
    } catch (error) {
      return withRequestContext({ requestId, caller: undefined }, () => failed(error, requestId))
    }
  }

  const own = { service: name, version, started_at: startedAt }

  return new Elysia({
    normalize: false,
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
            path: new URL(request.url).pathname,
            status: reply.status,
            ms: Math.round(ms * 10) / 10,
          }),
        )
      return reply
    })
    .onError({ as: 'global' }, ({ code, error }) => failed(error, requestContext()?.requestId ?? '', code))
    .use(
      openapi({
        provider: null,
        path: '/openapi',
        specPath: '/openapi.json',
        documentation: { info: { title: name, version } },
        exclude: { paths: ['/openapi'] },
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
