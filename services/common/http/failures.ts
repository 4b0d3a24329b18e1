import { ValidationError } from 'elysia'
import { Fault, isFault } from '../process/fault.ts'
import { errorFields, type Log, type LogFields } from '../process/log.ts'
import { cutOff } from '../stream/request-body.ts'
import { faultResponse, unexpectedResponse } from './problem.ts'

type Invalid = { readonly type: string; readonly valueError?: unknown }

const isBadReply = (error: unknown): error is ValidationError =>
  error instanceof ValidationError && error.type === 'response'

/** Where a value breaks its schema and how, without the value. */
const describePlace = ({ type, valueError }: Invalid): string => {
  const { path = '', message = 'is not valid' } = (valueError ?? {}) as { path?: string; message?: string }
  return `${type}${path.replaceAll('/', '.')}: ${message}`
}

/** What the framework throws for a request that is wrong, as a Fault; undefined for what nobody foresaw. */
const findFault = (code: string | number, error: unknown): Fault | undefined => {
  if (error instanceof Fault) return error
  if (code === 'NOT_FOUND') return new Fault('missing', 'no-such-route', 'there is no such route; see /openapi.json')
  if (code === 'PARSE') {
    // The framework wraps what the parser of bodies threw.
    const cause = error instanceof Error ? error.cause : undefined
    return isFault(cause) && cause.code !== 'not-json'
      ? cause
      : new Fault('invalid', 'unreadable-body', 'the body is not what its content type says')
  }
  if (code === 'VALIDATION' && !isBadReply(error))
    return new Fault('invalid', 'bad-request', describePlace(error as Invalid))
  return undefined
}

/** True for what reading a body throws when its sender is gone. */
const isCutOff = (error: unknown, request: Request): boolean =>
  request.signal.aborted && error instanceof Error && error.name === 'AbortError'

/** For the log: Elysia's message quotes the whole reply, which may hold a key, so only the place is kept. */
const unexpectedFields = (error: unknown): LogFields =>
  isBadReply(error)
    ? { error: `the reply does not keep to its schema: ${describePlace(error as unknown as Invalid)}` }
    : errorFields(error)

/** The problem document for what a route threw. What nobody foresaw is a 500 without detail, and goes to the log. */
export const answerFailure = (
  error: unknown,
  {
    request,
    requestId,
    log,
    code = '',
  }: {
    readonly request: Request
    readonly requestId: string
    readonly log: Log
    /** Elysia's own word for the failure. */
    readonly code?: string | number
  },
): Response => {
  const fault = findFault(code, error) ?? (isCutOff(error, request) ? cutOff(error) : undefined)
  if (fault) return faultResponse(fault, requestId)
  log.error('unexpected', unexpectedFields(error))
  return unexpectedResponse(requestId)
}
