import { t } from 'elysia'
import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import { entityTag } from '#common/http/etag'
import { pathOf } from '#common/http/route-pattern'
import { problems, type service } from '#common/http/service'
import { AuditQuery, SessionAudit, SessionParams } from '#common/http/session-model'
import { answerTagged, HARDWARE_HEADER, type Handlers, V1 } from './handlers.ts'
import { ListQuery, NewSession, Reason, Recording, Session, SessionList, StreamQuery } from './model.ts'

type Root = ReturnType<typeof service>
const ofSession = { params: SessionParams, response: { 200: Session, ...problems } }

/** Sessions are begun, fed and ended. */
export const addSessionRoutes = (root: Root, { change, find, once, sessions, uploads }: Handlers) => {
  return root
    .post(
      `${V1}/sessions`,
      async ({ body, request, set, status }) => {
        const person = requestPerson()
        const session = await once(request, body, (id) => sessions.create(person, body, id))
        set.headers['location'] = `${V1}/sessions/${session.id}`
        set.headers['etag'] = entityTag(session)
        return status(201, session)
      },
      { body: NewSession, people: 'session_create', response: { 201: Session, ...problems } },
    )
    .patch(
      `${V1}/sessions/:id/stream`,
      async ({ params: { id }, query, request }) => {
        await find(id, 'own')
        return uploads.stream(id, query, request)
      },
      {
        params: SessionParams,
        query: StreamQuery,
        parse: 'none',
        people: 'session_create',
        unaudited: 'the recording itself, whose chunks stand in the manifest',
        response: { 200: Recording, ...problems },
      },
    )
    .post(
      `${V1}/sessions/:id/end`,
      ({ params: { id }, request }) => change({ id, deed: 'own', request }, () => uploads.end(id)),
      { params: SessionParams, people: 'session_create', response: { 200: Recording, ...problems } },
    )
    .post(
      `${V1}/sessions/:id/terminate`,
      ({ params: { id }, body, request }) =>
        change({ id, deed: 'steer', request, body }, () => uploads.terminate(id, body.reason)),
      { params: SessionParams, body: Reason, people: 'session_terminate', response: { 200: Recording, ...problems } },
    )
}

/** Sessions as they stand, and what happens to them. */
export const addSessionReads = (root: Root, { neighbours: { orchestrator }, find, list, uploads, live }: Handlers) => {
  const seen = { params: SessionParams, people: 'session_observe' } as const
  return root
    .get(`${V1}/sessions`, ({ query }) => list(query), {
      query: ListQuery,
      people: 'session_observe',
      response: { 200: SessionList, ...problems },
    })
    .get(`${V1}/sessions/:id`, async ({ params, ...rest }) => answerTagged(await find(params.id, 'know'), rest), {
      ...seen,
      response: { 200: Session, 304: t.Void(), ...problems },
    })
    .get(
      `${V1}/sessions/:id/recording`,
      async ({ params: { id } }) => {
        await find(id, 'see')
        return uploads.state(id)
      },
      { ...seen, response: { 200: Recording, ...problems } },
    )
    .get(
      `${V1}/sessions/:id/audit`,
      async ({ params: { id }, query }) => {
        await find(id, 'see')
        return ok(orchestrator.sessions({ id }).audit.get({ query }))
      },
      { params: SessionParams, query: AuditQuery, people: 'audit_view', response: { 200: SessionAudit, ...problems } },
    )
    .get(`${V1}/sessions/:id/events`, ({ params, request }) => live.ofSession(params.id, request), {
      ...seen,
      response: { 200: t.Any(), ...problems },
    })
    .get(`${V1}/events`, ({ request }) => live.ofAll(request), {
      people: 'session_observe',
      response: { 200: t.Any(), ...problems },
    })
}

/** The content of a session is destroyed, after a time in which it can be taken back. */
export const addErasureRoutes = (root: Root, { erasures, change, find, requireHardwareSignature }: Handlers) =>
  root
    .delete(
      `${V1}/sessions/:id`,
      async ({ params: { id }, request, status }) => {
        const asked = await change({ id, deed: 'steer', request }, async (session) => {
          const proof = request.headers.get(HARDWARE_HEADER) ?? undefined
          await requireHardwareSignature(`DELETE ${pathOf(request)}`, proof)
          await erasures.ask(session, requestPerson().address)
          return find(id, 'see')
        })
        return status(202, asked)
      },
      { params: SessionParams, people: 'session_create', response: { 202: Session, ...problems } },
    )
    .post(
      `${V1}/sessions/:id/restore`,
      ({ params: { id }, request }) =>
        change({ id, deed: 'steer', request }, async () => {
          await erasures.undo(id)
          return find(id, 'see')
        }),
      { ...ofSession, people: 'session_create' },
    )
