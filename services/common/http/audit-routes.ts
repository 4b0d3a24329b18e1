import { type AnyElysia, t } from 'elysia'
import type { ServiceName } from '#services/catalog'
import { LogEntry } from '../audit/entry.ts'
import { SignedHead } from '../audit/head.ts'
import type { AuditLog } from '../audit/log.ts'
import { callersOf } from './identity.ts'
import { problems } from './problem.ts'
import { BytesParam, WholeParam } from './session-model.ts'

/** A page of a service's audit stream, with the heads that were signed in it. */
export const AuditPage = t.Object({ entries: t.Array(LogEntry), heads: t.Array(SignedHead) })
export type AuditPage = typeof AuditPage.static

const AuditQuery = t.Object({ after: t.Optional(BytesParam), limit: t.Optional(WholeParam(1, 500)) })

const readers: readonly string[] = ['operator', 'api-server']

/** Adds the two routes of a service's audit stream, for those of its callers who read streams. */
export const addAuditRoutes = (root: AnyElysia, service: string, stream: AuditLog): void => {
  const callers = callersOf(service as ServiceName).filter((name) => readers.includes(name))
  root
    .get('/audit', ({ query }) => stream.read({ after: query.after ?? -1, limit: query.limit ?? 100 }), {
      query: AuditQuery,
      response: { 200: AuditPage, ...problems },
      callers,
    })
    .get('/audit/head', () => stream.head(), { response: { 200: SignedHead, ...problems }, callers })
}
