import type { TSchema } from '@sinclair/typebox'
import { t } from 'elysia'
import type { CallerName } from '#services/catalog'
import { escapeText, LONGEST } from '../process/escape.ts'
import type { FaultKind } from '../process/fault.ts'
import { Fault } from '../process/fault.ts'

/** Problem details, RFC 9457. `code` is the stable name a program switches on; extra members may follow. */
export const Problem = t.Object(
  {
    type: t.String(),
    title: t.String(),
    status: t.Integer(),
    code: t.String(),
    detail: t.String(),
    request_id: t.Optional(t.String()),
  },
  { additionalProperties: true },
)

/** The one table from the domain's words to HTTP. */
export const statusOf: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  range: 416,
  exhausted: 429,
  unavailable: 503,
}

const kindOf = Object.fromEntries(Object.entries(statusOf).map(([kind, status]) => [status, kind])) as Readonly<
  Record<number, FaultKind>
>

/** Reply schemas for everything that can go wrong; spread into a route's `response`. */
export const problems = {
  400: Problem,
  401: Problem,
  403: Problem,
  404: Problem,
  409: Problem,
  412: Problem,
  413: Problem,
  416: Problem,
  429: Problem,
  500: Problem,
  503: Problem,
} as const

/** What most routes say of themselves: the body of a 200, beside it problems, and which services may call. */
export const replies = <const Body extends TSchema, const Caller extends CallerName>(
  body: Body,
  ...callers: readonly Caller[]
) => ({ response: { 200: body, ...problems }, callers })

const response = (status: number, code: string, detail: string, rest: object, headers: Record<string, string>) =>
  Response.json(
    { ...rest, type: 'about:blank', title: titles[status] ?? 'Error', status, code, detail },
    { status, headers: { ...headers, 'content-type': 'application/problem+json' } },
  )

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  416: 'Range Not Satisfiable',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** A Fault as the reply its caller gets. */
export const faultResponse = (fault: Fault, requestId: string): Response => {
  const headers: Record<string, string> = { 'x-request-id': requestId }
  if (fault.kind === 'unauthenticated') headers['www-authenticate'] = 'Bearer' // RFC 9110, 15.5.2
  if (fault.retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(fault.retryAfter / 1000))
  return response(
    statusOf[fault.kind],
    fault.code,
    escapeText(fault.message, { most: LONGEST }),
    { ...fault.extra, request_id: requestId },
    headers,
  )
}

/** A 500 without detail: what went wrong is in the log under the request id. */
export const unexpectedResponse = (requestId: string): Response =>
  response(
    500,
    'unexpected',
    'An unexpected error occurred; the log has it under this request id.',
    { request_id: requestId },
    { 'x-request-id': requestId },
  )

const known = new Set(['type', 'title', 'status', 'code', 'detail', 'request_id'])

/** The Fault that a problem document states, so that a failure keeps its meaning across a hop. */
export const faultOf = (status: number, body: unknown, callee: string): Fault => {
  const kind = kindOf[status] ?? 'unavailable'
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    const extra = Object.fromEntries(Object.entries(body).filter(([name]) => !known.has(name)))
    const detail = escapeText(String(body.detail), { most: LONGEST })
    return new Fault(kind, String(body.code), detail, { extra })
  }
  return new Fault(kind, 'no-problem-document', `${callee} answered ${status} without saying why`)
}
