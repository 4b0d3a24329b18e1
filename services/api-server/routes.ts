import { t } from 'elysia'
import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import { pathOf } from '#common/http/route-pattern'
import { problems, type ServiceParts, service } from '#common/http/service'
import { ChunkParams, SessionParams } from '#common/http/session-model'
import { roles as allRoles, mayDo, permissions } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import { utf8 } from '#common/stream/bytes'
import { limiter } from '#common/stream/limiter'
import type { Deed } from './access.ts'
import { answerBundle } from './bundle.ts'
import { answerBytes } from './byte-range.ts'
import type { Erasures } from './erasures.ts'
import { entityTag, isKnown, requireMatch } from './etag.ts'
import {
  encodeEvent,
  type Follower,
  followAll,
  followSession,
  type LiveEvent,
  parsePosition,
  parseSessionPosition,
  streamPlaces,
} from './events.ts'
import { type Idempotency, parseKey } from './idempotency.ts'
import {
  AnchorList,
  AnchorProof,
  AnchorsQuery,
  AuditQuery,
  BundleRequest,
  ChunkList,
  ChunksQuery,
  Done,
  EmailChange,
  ListQuery,
  Me,
  NewKey,
  NewSession,
  Proof,
  Reason,
  Recording,
  Roles,
  ServiceAudit,
  ServiceAuditQuery,
  Services,
  Session,
  SessionAudit,
  SessionList,
  SignedManifest,
  StreamQuery,
  User,
  UserChange,
  UserList,
  UserParams,
  UsersQuery,
} from './model.ts'
import type { Neighbours } from './neighbours.ts'
import type { ServiceState } from './platform.ts'
import { addPolicyRoutes } from './policy-routes.ts'
import { sessions as sessionsOver } from './sessions.ts'
import { toStream } from './stream-body.ts'
import { uploads as uploadsOver } from './uploads.ts'

const V1 = '/api/v1'
/** A signature by a hardware wallet for one dangerous action: NONCE.SIGNATURE. */
const HARDWARE_HEADER = 'x-hardware-key-signature'
const UPLOAD = `PATCH ${V1}/sessions/:id/stream`

export type ApiParts = {
  readonly neighbours: Neighbours
  readonly erasures: Erasures
  readonly idempotency: Idempotency
  readonly now: () => number
  readonly pause: Follower['pause']
  readonly isStopping: () => boolean
  readonly services: () => Promise<readonly ServiceState[]>
  /** Lets a dangerous action (`METHOD /path`) of the acting person on, if he signed for it where he must. */
  readonly requireHardwareSignature: (purpose: string, proof: string | undefined) => Promise<unknown>
  readonly parts: ServiceParts
}

/** Chunk files in memory at once: each has up to 16 MiB. */
const CHUNKS_AT_ONCE = 4
const STREAMS = { each: 8, all: 256 }

type Context = {
  readonly request: Request
  readonly set: { readonly headers: Record<string, string | number> }
}

/** What the routes call, where that is more than one thing. */
const handlers = (api: ApiParts) => {
  const { neighbours, erasures, idempotency, now, pause, isStopping, parts } = api
  const sessions = sessionsOver(neighbours, erasures)
  const uploads = uploadsOver(neighbours)
  const chunkSlot = limiter(CHUNKS_AT_ONCE)
  const places = streamPlaces(STREAMS)
  const find = (id: string, deed: Deed) => sessions.find(requestPerson(), id, deed)

  /** A session that is to be changed: found, and the one that the person read. */
  const findForChange = async (request: Request, id: string, deed: Deed): Promise<Session> => {
    const session = await find(id, deed)
    requireMatch(request.headers.get('if-match'), entityTag(session))
    return session
  }
  const once = <R extends object>(
    request: Request,
    body: unknown,
    work: (id?: string) => Promise<R>,
  ): Promise<R> => {
    const key = parseKey(request.headers.get('idempotency-key'))
    if (key === undefined) return work()
    const asked = `${request.method} ${pathOf(request)} ${JSON.stringify(body ?? null)}`
    return idempotency.once({ person: requestPerson().address, key, request: asked }, work)
  }
  const follower = (request: Request) => ({
    pause,
    isStopping,
    still: () => parts.guard(request),
    links: async (id: string, after: number) =>
      (
        await ok(neighbours.orchestrator.sessions({ id }).audit.get({ query: after < 0 ? {} : { after } }))
      ).events.map(({ seq, at, ...event }) =>
        'type' in event ? { seq, at, type: event.type, body: event.body } : { seq, at, type: event.event },
      ),
  })
  const answerEvents = (make: () => AsyncGenerator<LiveEvent | undefined>): Response => {
    const free = places.take(requestPerson().address)
    async function* encoded() {
      for await (const event of make()) yield utf8(encodeEvent(event))
    }
    return new Response(toStream(encoded(), free), {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    })
  }
  const snapshot = async (id: string) => {
    const { state, pipeline, error } = await find(id, 'see')
    const isLive = ['created', 'active', 'paused'].includes(state)
    const fed = isLive ? await uploads.state(id).catch(() => undefined) : undefined
    const progress = fed && { received: fed.received, acknowledged: fed.acknowledged, chunks: fed.chunks }
    return { session_id: id, state, ...(pipeline && { pipeline }), ...(error && { error }), ...progress }
  }

  return {
    sessions,
    uploads,
    find,
    findForChange,
    once,
    openStreams: places.total,
    list: (query: typeof ListQuery.static) => {
      const person = requestPerson()
      const isAll = query.all === 'true'
      if (isAll && !mayDo(person.roles, 'admin_access'))
        throw new Fault('forbidden', 'not-permitted', 'sessions of everybody are for admins: leave out `all`')
      return sessions.list(query, isAll ? undefined : person.address)
    },
    audit: async (id: string, query: typeof AuditQuery.static) => {
      await find(id, 'see')
      return ok(neighbours.orchestrator.sessions({ id }).audit.get({ query }))
    },
    chunks: async (id: string, query: typeof ChunksQuery.static) => {
      await find(id, 'see')
      const { chunks, chunk_count } = await ok(neighbours.encryptor.sessions({ id }).chunks.get({ query }))
      const next = (chunks.at(-1)?.index ?? chunk_count) + 1
      return {
        chunks: chunks.map(({ flags: _, ...chunk }) => chunk),
        chunk_count,
        ...(next < chunk_count && { next }),
      }
    },
    bundle: async (id: string, deed: Deed, grant?: typeof BundleRequest.static.grant) => {
      await find(id, deed)
      return answerBundle(neighbours, id, grant)
    },
    chunk: async (id: string, index: number, request: Request) => {
      await find(id, 'see')
      // A chunk never changes: its place is its version.
      const tag = `"${id}.${index}"`
      if (isKnown(request.headers.get('if-none-match'), tag))
        return new Response(null, { status: 304, headers: { etag: tag } })
      const reply = await chunkSlot(async () =>
        (await neighbours.chunkFile(`/sessions/${id}/chunks/${index}`)).arrayBuffer(),
      )
      return answerBytes(new Uint8Array(reply), request.headers.get('range'), tag)
    },
    sessionEvents: async (id: string, request: Request) => {
      await find(id, 'see')
      const after = parseSessionPosition(request.headers.get('last-event-id'))
      return answerEvents(() => followSession({ ...follower(request), snapshot }, id, after))
    },
    allEvents: (request: Request) => {
      const person = requestPerson()
      const start = parsePosition(request.headers.get('last-event-id')) ?? now()
      const list = async () => (await sessions.list({ limit: 50 }, person.address)).sessions
      return answerEvents(() => followAll({ ...follower(request), list }, start))
    },
  }
}

type Handlers = ReturnType<typeof handlers>

/** A resource with its entity tag, or that the caller has it already. */
const tagged = <V extends object>(value: V, { request, set }: Context): V => {
  const tag = entityTag(value)
  set.headers['etag'] = tag
  set.headers['cache-control'] = 'private, no-cache'
  if (!isKnown(request.headers.get('if-none-match'), tag)) return value
  return new Response(null, { status: 304, headers: { etag: tag } }) as unknown as V // Elysia's types know one kind of answer
}

const readable = { 304: t.Void(), ...problems }
const bytes = { 200: t.Any(), 206: t.Any(), ...readable }
const seen = { params: SessionParams, people: 'session_observe' } as const
const exported = { people: 'data_export' } as const

/** Who one is and may be. */
const root = ({ parts, services, neighbours }: ApiParts, { openStreams, ...handle }: Handlers) =>
  addPolicyRoutes(
    service('api-server', {
      ...parts,
      streamRoutes: [UPLOAD],
      status: async () => ({ ...(await parts.status?.()), open_event_streams: openStreams() }),
    }),
    { neighbours, ...handle },
  )
    .get(
      `${V1}/me`,
      () => {
        const { address, roles: held } = requestPerson()
        return { address, roles: [...held], permissions: permissions.filter((one) => mayDo(held, one)) }
      },
      { people: 'signed-in', response: { 200: Me, ...problems } },
    )
    .get(
      `${V1}/roles`,
      () => ({ roles: Object.fromEntries(Object.entries(allRoles).map(([role, may]) => [role, [...may]])) }),
      {
        people: 'signed-in',
        response: { 200: Roles, ...problems },
      },
    )
    .get(`${V1}/admin/services`, async () => ({ services: [...(await services())] }), {
      people: 'admin_access',
      response: { 200: Services, ...problems },
    })

/** Sessions are made, fed and ended. */
const withWriting = (
  app: ReturnType<typeof root>,
  { findForChange, find, once, sessions, uploads }: Handlers,
) =>
  app
    .post(
      `${V1}/sessions`,
      async ({ body, request, set, status }) => {
        const person = requestPerson()
        const session = await once(request, body, () => sessions.create(person, body))
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
        response: { 200: Recording, ...problems },
      },
    )
    .post(
      `${V1}/sessions/:id/end`,
      async ({ params: { id }, request }) => {
        await findForChange(request, id, 'own')
        return once(request, null, () => uploads.end(id))
      },
      { params: SessionParams, people: 'session_create', response: { 200: Recording, ...problems } },
    )
    .post(
      `${V1}/sessions/:id/terminate`,
      async ({ params: { id }, body, request }) => {
        await findForChange(request, id, 'steer')
        return once(request, body, () => uploads.terminate(id, body.reason))
      },
      {
        params: SessionParams,
        body: Reason,
        people: 'session_terminate',
        response: { 200: Recording, ...problems },
      },
    )

/** Sessions as they stand, and what happens to them. */
const withReading = (
  app: ReturnType<typeof withWriting>,
  { find, list, uploads, sessionEvents, allEvents, audit }: Handlers,
) =>
  app
    .get(`${V1}/sessions`, ({ query }) => list(query), {
      query: ListQuery,
      people: 'session_observe',
      response: { 200: SessionList, ...problems },
    })
    .get(`${V1}/sessions/:id`, async ({ params, ...rest }) => tagged(await find(params.id, 'know'), rest), {
      ...seen,
      response: { 200: Session, ...readable },
    })
    .get(
      `${V1}/sessions/:id/recording`,
      async ({ params: { id } }) => {
        await find(id, 'see')
        return uploads.state(id)
      },
      { ...seen, response: { 200: Recording, ...problems } },
    )
    .get(`${V1}/sessions/:id/audit`, ({ params, query }) => audit(params.id, query), {
      params: SessionParams,
      query: AuditQuery,
      people: 'audit_view',
      response: { 200: SessionAudit, ...problems },
    })
    .get(`${V1}/sessions/:id/events`, ({ params, request }) => sessionEvents(params.id, request), {
      ...seen,
      response: { 200: t.Any(), ...problems },
    })
    .get(`${V1}/events`, ({ request }) => allEvents(request), {
      people: 'session_observe',
      response: { 200: t.Any(), ...problems },
    })

/** The evidence of a session. */
const withEvidence = (
  app: ReturnType<typeof withReading>,
  { neighbours }: ApiParts,
  { find, chunk, chunks, bundle }: Handlers,
) =>
  app
    .get(
      `${V1}/sessions/:id/manifest`,
      async ({ params: { id }, ...rest }) => {
        await find(id, 'see')
        return tagged(await ok(neighbours.orchestrator.sessions({ id }).manifest.get()), rest)
      },
      { ...seen, response: { 200: SignedManifest, ...readable } },
    )
    .get(`${V1}/sessions/:id/chunks`, ({ params, query }) => chunks(params.id, query), {
      ...seen,
      query: ChunksQuery,
      response: { 200: ChunkList, ...problems },
    })
    .get(
      `${V1}/sessions/:id/chunks/:index`,
      ({ params, request }) => chunk(params.id, params.index, request),
      { ...exported, params: ChunkParams, response: bytes },
    )
    .get(
      `${V1}/sessions/:id/chunks/:index/proof`,
      async ({ params: { id, index }, ...rest }) => {
        await find(id, 'see')
        return tagged(await ok(neighbours.merkle.proof({ session: id })({ index }).get()), rest)
      },
      { ...seen, params: ChunkParams, response: { 200: Proof, ...readable } },
    )
    .get(`${V1}/sessions/:id/bundle`, ({ params }) => bundle(params.id, 'see'), {
      ...exported,
      params: SessionParams,
      response: { 200: t.Any(), ...problems },
    })
    .post(`${V1}/sessions/:id/bundle`, ({ params, body }) => bundle(params.id, 'own', body.grant), {
      ...exported,
      params: SessionParams,
      body: BundleRequest,
      response: { 200: t.Any(), ...problems },
    })

/** What the chain holds of sessions. */
const withChain = (app: ReturnType<typeof withEvidence>, { neighbours }: ApiParts, { find }: Handlers) =>
  app
    .get(
      `${V1}/anchors`,
      ({ query: { limit = 100, ...query } }) =>
        ok(neighbours.chain.anchors.get({ query: { limit, ...query } })),
      {
        query: AnchorsQuery,
        people: 'signed-in',
        response: { 200: AnchorList, ...problems },
      },
    )
    .get(
      `${V1}/anchors/:id`,
      async ({ params: { id }, ...rest }) => {
        await find(id, 'see')
        return tagged(await ok(neighbours.chain.anchors({ session: id }).get()), rest)
      },
      { ...seen, response: { 200: AnchorProof, ...readable } },
    )

/** The content of a session is destroyed, after a time in which it can be taken back. */
const withErasure = (
  app: ReturnType<typeof withChain>,
  { erasures, requireHardwareSignature }: ApiParts,
  { find, findForChange, once }: Handlers,
) =>
  app
    .delete(
      `${V1}/sessions/:id`,
      async ({ params: { id }, request, status }) => {
        const session = await findForChange(request, id, 'steer')
        const proof = request.headers.get(HARDWARE_HEADER) ?? undefined
        await requireHardwareSignature(`DELETE ${pathOf(request)}`, proof)
        await erasures.ask(session, requestPerson().address)
        return status(202, await find(id, 'see'))
      },
      { params: SessionParams, people: 'session_create', response: { 202: Session, ...problems } },
    )
    .post(
      `${V1}/sessions/:id/restore`,
      async ({ params: { id }, request }) => {
        await findForChange(request, id, 'steer')
        return once(request, null, async () => {
          await erasures.undo(id)
          return find(id, 'see')
        })
      },
      { params: SessionParams, people: 'session_create', response: { 200: Session, ...problems } },
    )

/** What authentication may demand of an admin for a dangerous action. */
const hardwareSignature = ({ headers }: Request) => {
  const given = headers.get(HARDWARE_HEADER)
  return given === null ? {} : { headers: { [HARDWARE_HEADER]: given } }
}

/** People and their roles, which authentication keeps; it is asked on behalf of the admin. */
const withPeople = (
  app: ReturnType<typeof withErasure>,
  { neighbours: { authentication } }: ApiParts,
  { once }: Handlers,
) =>
  app
    .get(
      `${V1}/users`,
      async ({ query: { limit = 50, ...query } }) => {
        const { users } = await ok(authentication.auth.users.get({ query: { limit, ...query } }))
        const last = users.length === limit ? users.at(-1) : undefined
        return { users, ...(last && { next: last.address }) }
      },
      { query: UsersQuery, people: 'admin_access', response: { 200: UserList, ...problems } },
    )
    .put(
      `${V1}/users/:address`,
      ({ params: { address }, body, request }) =>
        ok(authentication.auth.users({ address }).put(body, hardwareSignature(request))),
      { params: UserParams, body: UserChange, people: 'admin_access', response: { 200: User, ...problems } },
    )
    .put(
      `${V1}/users/:address/email`,
      ({ params: { address }, body, request }) =>
        ok(authentication.auth.users({ address }).email.put(body, hardwareSignature(request))),
      { params: UserParams, body: EmailChange, people: 'admin_access', response: { 200: User, ...problems } },
    )
    .delete(
      `${V1}/users/:address/factors`,
      ({ params: { address }, request }) =>
        ok(authentication.auth.users({ address }).factors.delete(undefined, hardwareSignature(request))),
      { params: UserParams, people: 'admin_access', response: { 200: Done, ...problems } },
    )
    .post(
      `${V1}/admin/keys/rotate`,
      ({ request }) =>
        once(request, null, () =>
          ok(authentication.auth.keys.rotate.post(undefined, hardwareSignature(request))),
        ),
      { people: 'admin_access', response: { 200: NewKey, ...problems } },
    )

/** What each service did, for whom: the streams from which `bun run audit` proves it. */
const withAudit = (app: ReturnType<typeof withPeople>, { neighbours, parts }: ApiParts) =>
  app.get(
    `${V1}/audit`,
    async ({ query: { service: name, after = -1, limit = 100 } }): Promise<ServiceAudit> => {
      if (name === 'api-server') {
        const { entries = [], heads = [] } = (await parts.audit?.read({ after, limit })) ?? {}
        return { entries: [...entries], heads: [...heads] }
      }
      const behind = after < 0 ? '' : `&after=${after}`
      const page = await neighbours.auditOf(name)(`/audit?limit=${limit}${behind}`)
      return (await page.json()) as ServiceAudit // the callee checks its replies against this schema
    },
    { query: ServiceAuditQuery, people: 'admin_access', response: { 200: ServiceAudit, ...problems } },
  )

/** The public REST API, version 1. */
export const routes = (api: ApiParts) => {
  const handle = handlers(api)
  const read = withReading(withWriting(root(api, handle), handle), handle)
  const shown = withChain(withEvidence(read, api, handle), api, handle)
  return withAudit(withPeople(withErasure(shown, api, handle), api, handle), api)
}
