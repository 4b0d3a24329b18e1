import { treaty } from '@elysia/eden'
import type { AnyElysia } from 'elysia'
import { Fault } from '../process/fault.ts'
import { requestContext } from '../process/request-context.ts'
import { requestReason } from './audited.ts'
import type { Sign } from './identity.ts'
import { faultOf } from './problem.ts'

export type CallOptions = {
  readonly callee: string
  readonly sign: Sign
  /** Milliseconds until a call without an answer is given up. */
  readonly timeoutMs?: number
}

/** `fetch` with a path of one callee: adds token, request id, time-out; network errors become Faults. */
export type Call = (path: string, init?: BunFetchRequestInit) => Promise<Response>

const unreachable = (callee: string, cause: unknown) =>
  new Fault('unavailable', 'unreachable', `${callee} cannot be reached; is it running?`, {
    cause,
    retryAfter: 1000,
    extra: { dependency: callee },
  })

/** True for a failure of the way to a service rather than of the request: worth a retry. */
export const isUnreachable = (error: unknown): boolean => error instanceof Fault && error.code === 'unreachable'

const request = async (url: string, init: BunFetchRequestInit, options: CallOptions): Promise<Response> => {
  const { callee, sign, timeoutMs = 10_000 } = options
  const headers = new Headers(init.headers)
  const { requestId, actor } = requestContext() ?? {}
  headers.set('authorization', `Bearer ${await sign(callee, actor)}`)
  if (requestId !== undefined) headers.set('x-request-id', requestId)
  const reason = requestReason()
  if (reason !== undefined) headers.set('x-reason', reason)
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline
  try {
    // The deadline above is the only one: Bun would give up after five minutes by itself.
    return await fetch(url, { ...init, headers, signal, timeout: false })
  } catch (cause) {
    throw unreachable(callee, cause)
  }
}

/** A fetch with one retry where that is safe (GET, HEAD); used by `call` and `client` alike. */
const send = async (url: string, init: BunFetchRequestInit, options: CallOptions): Promise<Response> => {
  const safe = ['GET', 'HEAD'].includes((init.method ?? 'GET').toUpperCase())
  try {
    return await request(url, init, options)
  } catch (error) {
    if (!safe || !isUnreachable(error)) throw error
    return request(url, init, options)
  }
}

/** The raw way to a service, for bytes. Throws the Fault of a problem document on any answer but 2xx. */
export const call =
  (url: string, options: CallOptions): Call =>
  async (path, init = {}) => {
    const response = await send(`${url}${path}`, init, options)
    if (response.ok) return response
    throw faultOf(response.status, await response.json().catch(() => undefined), options.callee)
  }

/** The typed way to a service (Eden treaty on its `Api` type). Unwrap answers with `ok`. */
export const client = <Api extends AnyElysia>(url: string, options: CallOptions) =>
  treaty<Api>(url, {
    parseDate: false,
    fetcher: ((input: string | URL | Request, init?: BunFetchRequestInit) =>
      send(String(input), init ?? {}, options)) as typeof fetch,
  })

type Answer<T> = {
  readonly data: T
  readonly error: { readonly status: unknown; readonly value: unknown } | null
  readonly status: number
}

/** The data of an answer, or throws the Fault that its problem document states. */
export const ok = async <T>(answer: Promise<Answer<T>>): Promise<Exclude<NonNullable<T>, Response>> => {
  const { data, error, status } = await answer
  if (error === null) return data as Exclude<NonNullable<T>, Response>
  if (error.value instanceof Fault) throw error.value
  if (error instanceof Fault) throw error
  throw faultOf(status, error.value, 'the service')
}
