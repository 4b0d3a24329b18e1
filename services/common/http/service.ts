import { type AnyElysia, Elysia, t } from 'elysia'
import packageJson from '../../../package.json' with { type: 'json' }
import type { AuditLog } from '../audit/log.ts'
import type { Setting } from '../process/env.ts'
import { type Checks, type Health, health } from '../process/health.ts'
import { errorFields, type Log } from '../process/log.ts'
import { isRequestId, type RequestContext, requestContext, withRequestContext } from '../process/request-context.ts'
import type { JsonBounds } from '../stream/bounded-json.ts'
import { admit } from './admission.ts'
import { addAuditRoutes } from './audit-routes.ts'
import { audit, auditMacro } from './audited.ts'
import { callersMacro, findSignInFault } from './callers.ts'
import { addConfigRoute } from './config-route.ts'
import { answerFailure } from './failures.ts'
import type { Guard } from './identity.ts'
import { BODY_BOUNDS } from './json-body.ts'
import { processMetrics, Registry, requestMetrics } from './metrics.ts'
import { describeRoutes, strictRoutes } from './openapi.ts'
import { pathOf, routeMatcher } from './route-pattern.ts'

export { problems, replies } from './problem.ts'

export type ServiceParts = {
  /** Decides who calls; every route but the public ones asks it before anything else is read. */
  readonly guard: Guard
  readonly log: Log
  readonly metrics?: Registry
  /** Where the success of every route that changes something is written before it is answered; the catalogue's `store` says who has one. */
  readonly audit?: AuditLog
  /** What this service cannot work without, by name; a check that throws makes it unhealthy. */
  readonly checks?: Checks
  /** Checks that are reported but leave /health at 200: their absence is queued for. */
  readonly soft?: readonly string[]
  /** Checks whose failure only a person can settle: /health says degraded, and whoever starts services goes on. */
  readonly decisions?: readonly string[]
  /** What it runs with, where /config shows it. */
  readonly settings?: readonly Setting[]
  /** What /status adds: queue depths, counters, engines. No secret. */
  readonly status?: () => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>
  /** Routes that need no token, as 'GET /anchors/:session'. */
  readonly publicRoutes?: readonly string[]
  /** Routes that take a streaming body of any length, as 'PATCH /recordings/:id/stream'. */
  readonly streamRoutes?: readonly string[]
  /** Largest body of all other routes, bytes. */
  readonly maxBody?: number
  /** Depth and number of values of a JSON body, where a service needs more than others. */
  readonly bodyBounds?: JsonBounds
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

const newRoot = () =>
  new Elysia({
    normalize: false,
    // Otherwise the router misreads addresses whose host has less than four characters.
    handler: { standardHostname: false },
    // Bun's own router would pass by what is wrapped around the handler: the token, the limits, the log.
    systemRouter: false,
    nativeStaticResponse: false,
    serve: {
      development: false,
      // Bun's own limit answers a bare 413; the admission refuses with a problem document instead.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      idleTimeout: 120,
    },
  })

/** What stands around every route: request id, admission, problem documents, metrics and the log. */
const around = (
  { guard, log, audit: stream, publicRoutes = [], streamRoutes = [], maxBody = MIB }: ServiceParts,
  metrics: Registry,
  app: () => Pick<AnyElysia, 'server' | 'routes'>,
) => {
  const measured = requestMetrics(metrics)
  const isOfEveryService = routeMatcher(everyService)
  const isOpen = routeMatcher([...everyService, ...publicRoutes])
  const signInFault = (route: string) => findSignInFault(app().routes, route)
  const admission = { guard, maxBody, isStream: routeMatcher(streamRoutes), isOpen, signInFault }
  const answer = async (
    request: Request,
    { path, requestId }: { readonly path: string | undefined; readonly requestId: string },
    handle: Handle,
  ) => {
    try {
      const admitted = await admit(request, path, admission)
      // A source may be quiet for hours; a dead connection is found by its keep-alive, or another of its source takes over.
      if (admission.isStream(`${request.method} ${path}`)) app().server?.timeout(request, 0)
      const context: RequestContext = { requestId, caller: undefined, ...admitted }
      return await withRequestContext(context, async () => {
        const reply = await handle(request)
        await audit(context, reply.status, stream)
        return reply
      })
    } catch (error) {
      return withRequestContext({ requestId, caller: undefined }, () =>
        answerFailure(error, { request, requestId, log }),
      )
    }
  }
  return (handle: Handle) => async (request: Request) => {
    const given = request.headers.get('x-request-id')
    const requestId = isRequestId(given) ? given : crypto.randomUUID()
    const began = performance.now()
    const path = pathOf(request)
    const reply = await answer(request, { path, requestId }, handle)
    const ms = performance.now() - began
    measured.requests.inc({ method: request.method, status: reply.status })
    measured.seconds.observe(ms / 1000)
    if (!reply.headers.has('x-request-id')) reply.headers.set('x-request-id', requestId)
    if (!isOfEveryService(`${request.method} ${path}`))
      withRequestContext({ requestId, caller: undefined }, () =>
        log.info('request', {
          method: request.method,
          path: path ?? '',
          status: reply.status,
          ms: Math.round(ms * 10) / 10,
        }),
      )
    return reply
  }
}

/**
 * The root of every service: strict bodies, problem details (RFC 9457), request ids, the four routes of
 * SPEC section 3, and on all others a token of one of the `callers` or of the `people` that the route names. Hooks of Elysia bind only to what is
 * registered later, so a service starts from here and nowhere else.
 */
export const service = (name: string, parts: ServiceParts) => {
  const { log, metrics = new Registry(), checks = {}, soft = [], decisions = [], status, now = Date.now } = parts
  const startedAt = now()
  processMetrics(metrics, startedAt)
  const own = {
    service: name,
    version,
    started_at: startedAt,
    soft,
    decisions,
    onFailure: (check: string, error: unknown) => log.error('check-failed', { check, ...errorFields(error) }),
  }
  const wrapped = around(parts, metrics, () => root)
  const root = newRoot()
  strictRoutes(root, [...everyService, ...(parts.publicRoutes ?? [])], parts.bodyBounds ?? BODY_BOUNDS)
  const app = root
    .macro({ ...callersMacro, ...auditMacro })
    .wrap((handle) => wrapped(handle as unknown as Handle))
    .onError({ as: 'global' }, ({ code, error, request }) =>
      answerFailure(error, { request, requestId: requestContext()?.requestId ?? '', log, code }),
    )
    .use(describeRoutes(name, version))
    .get(
      '/health',
      async ({ query, set }) => {
        const found = await health({ ...own, checks: query.deep === 'false' ? {} : checks })
        set.status = healthStatus(found)
        return found
      },
      { query: t.Object({ deep: t.Optional(t.Union([t.Literal('true'), t.Literal('false')])) }) },
    )
    .get('/status', async () => ({ ...(await health({ ...own, checks })), ...(await status?.()) }), {
      response: { 200: Json },
    })
    .get(
      '/metrics',
      async () => new Response(await metrics.metrics(), { headers: { 'content-type': metrics.contentType } }),
    )
  if (parts.audit !== undefined) addAuditRoutes(app, name, parts.audit)
  if (parts.settings !== undefined) addConfigRoute(app, name, parts.settings)
  return app
}
