import type { AuditAction } from '../audit/entry.ts'
import type { AuditLog } from '../audit/log.ts'
import { Fault } from '../process/fault.ts'
import { type RequestContext, requestContext } from '../process/request-context.ts'

/** Where the OpenAPI document of a route that changes something says that it is audited, or why not. */
export const AUDITED_FIELD = 'x-audited'
export const UNAUDITED_FIELD = 'x-unaudited'

/**
 * The macro `unaudited` of a route that changes nothing of its own accord: why it writes no entry. `strictRoutes` takes it out.
 */
export const auditMacro = { unaudited: (_: string) => ({}) } as const

/** True for a route whose success has to be in the audit log unless it says why not. */
export const changesSomething = (method: string): boolean => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)

type Params = Record<string, string | number | boolean>
type Note = { readonly action: string; readonly params: Params; readonly reason?: string }

const notes = new WeakMap<RequestContext, Note>()

const readReason = (request: Request): { readonly reason?: string } => {
  const reason = request.headers.get('x-reason')
  if (reason === null) return {}
  if (/^[\x20-\x7e]{1,200}$/.test(reason)) return { reason }
  throw new Fault('invalid', 'bad-reason', 'X-Reason has 1 to 200 printable ASCII characters')
}

/** Names the route of a request for the audit log, before anything of the request is judged. Throws Fault `bad-reason`. */
export const noteRoute =
  (action: string) =>
  ({ params, request }: { readonly params: unknown; readonly request: Request }): void => {
    const context = requestContext()
    if (context === undefined || notes.has(context)) return
    const given = Object.entries((params ?? {}) as Readonly<Record<string, string>>)
    const short = given.map(([name, value]) => [name, String(value).slice(0, 200)])
    notes.set(context, { action, params: Object.fromEntries(short), ...readReason(request) })
  }

/** Adds to the entry of the request in force what its path does not say, a new id for one. No secret, no content. */
export const noteAudit = (fields: Readonly<Params>): void => {
  const context = requestContext()
  const note = context && notes.get(context)
  if (note !== undefined) Object.assign(note.params, fields)
}

/** Why the request in force asks for what it does, which travels on to every service that it calls. */
export const requestReason = (): string | undefined => {
  const context = requestContext()
  return context && notes.get(context)?.reason
}

/** The entry of a request that was answered with `status`; undefined where there is none to write. */
const findAction = (context: RequestContext, status: number): AuditAction | undefined => {
  const note = notes.get(context)
  if (note === undefined || status < 200 || status > 299) return undefined
  const { caller, actor, requestId: request_id } = context
  return { ...note, ...(caller !== undefined && { caller }), ...(actor !== undefined && { actor }), request_id, status }
}

/**
 * Writes what was done before its answer goes out. Throws Fault unavailable `not-audited` when that fails, and where a
 * service without a stream has a route that is to be in one.
 */
export const audit = async (
  context: RequestContext,
  status: number,
  stream: Pick<AuditLog, 'append'> | undefined,
): Promise<void> => {
  const action = findAction(context, status)
  if (action !== undefined) await stream?.append(action)
}
