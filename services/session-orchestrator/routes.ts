import { noteAudit } from '#common/http/audited'
import {
  Action,
  Answer,
  Decision,
  Join,
  NewRequest,
  Policy,
  PolicyRequest,
  PolicyRequests,
  RequestParams,
} from '#common/http/policy-model'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import { AuditQuery, SessionAudit, SessionParams, SignedManifest } from '#common/http/session-model'
import { Session, type State, states } from '#common/http/session-view'
import { Fault, isFault } from '#common/process/fault'
import { requestContext } from '#common/process/request-context'
import type { Store } from '#common/store/store'
import { checkPage } from './audit.ts'
import { Finalize, List, ListQuery, NewSession, Process, StateChange, Status, Why } from './model.ts'
import type { Policies } from './policies.ts'
import type { Sessions } from './sessions.ts'
import { publicEvent, tables } from './store.ts'
import type { Worker } from './worker.ts'

export type OrchestratorParts = {
  readonly store: Store
  readonly sessions: Sessions
  readonly policies: Policies
  readonly worker: Worker
  readonly parts: ServiceParts
}

/** States that a session never leaves, and in which it has no manifest. */
const ENDED_WITHOUT: readonly State[] = ['voided', 'failed', 'expired']

const notSealed = (state: State) =>
  ENDED_WITHOUT.includes(state)
    ? new Fault('conflict', 'never-sealed', `this session is ${state}: it ended without a manifest`)
    : new Fault('conflict', 'not-sealed-yet', 'this session has no manifest yet; it is written when it ends')

/** The person on whose behalf the caller calls. Throws Fault forbidden `nobody-acts`. */
const requireActor = (): string => {
  const actor = requestContext()?.actor
  if (actor === undefined)
    throw new Fault('forbidden', 'nobody-acts', 'this route acts for a person: call it on behalf of one')
  return actor
}

/** Nobody opens a session for somebody else. Throws Fault forbidden `owner-differs`. */
const requireOwn = (owner: string): void => {
  const actor = requestContext()?.actor
  if (actor !== undefined && actor !== owner)
    throw new Fault('forbidden', 'owner-differs', 'whoever opens a session owns it: name your own address as owner')
}

/** What people do in sessions. Which of them may steer one is decided by api-server, and who did is written down here. */
const deeds = ({ policies, worker }: OrchestratorParts) => {
  const why = (reason: string) => ({ by: requestContext()?.actor ?? requestContext()?.caller ?? 'unknown', reason })
  const ending = async <R>(id: string, work: Promise<R>): Promise<R> => {
    const result = await work
    worker.kick(id)
    return result
  }
  return {
    act: async (id: string, action: typeof Action.static) => {
      const decision = await policies.act(id, { ...action, person: requireActor() })
      if (decision.outcome === 'void') worker.kick(id)
      return decision
    },
    ask: (id: string, ask: typeof NewRequest.static) => policies.ask(id, { ...ask, person: requireActor() }),
    answer: (id: string, request: string, isApproved: boolean) =>
      policies.answer(id, request, { by: requireActor(), isApproved }),
    requests: async (id: string) => ({ requests: [...(await policies.requests(id))] }),
    join: (id: string, part: (typeof Join.static)['as']) => policies.admit(id, requireActor(), part),
    pause: (id: string, { reason }: typeof Why.static) => policies.suspend(id, why(reason)),
    resume: (id: string, { reason }: typeof Why.static) => policies.resume(id, why(reason)),
    terminate: (id: string, { reason }: typeof Why.static) => ending(id, policies.terminate(id, why(reason))),
    void: (id: string, { reason }: typeof Why.static) => ending(id, policies.void(id, why(reason))),
  }
}

const handlers = ({ store, sessions, worker }: OrchestratorParts) => {
  const own = tables(store)
  return {
    create: async (request: NewSession) => {
      requireOwn(request.owner)
      const session = await sessions.create(request)
      noteAudit({ session: session.id, owner: session.owner })
      return session
    },
    list: async ({ limit = 50, ...query }: typeof ListQuery.static) => ({
      sessions: [...(await sessions.list({ limit, ...query }))],
    }),
    finalize: async (id: string, end: Finalize) => {
      const session = await sessions.finalize(id, end).catch((error) => {
        // The answer to an end that is stored may have been lost: whoever asks again finds it, and so do we.
        if (isFault(error, 'already-finalized')) worker.kick(id)
        throw error
      })
      worker.kick(id)
      return session
    },
    manifest: async (id: string) => {
      const { state } = await sessions.get(id)
      const doc = await own.manifests.get(id)
      if (doc === undefined) throw notSealed(state)
      const { manifest, alg, public_key, signature } = doc
      return { manifest, alg, public_key, signature }
    },
    audit: async (id: string, { after, limit = 1000 }: typeof AuditQuery.static) => {
      await sessions.get(id)
      // First the manifest: the chain that is read after it has the event that it names.
      const manifest = (await own.manifests.get(id))?.manifest ?? ''
      const found = await own.audit.find({
        where: { session: id, ...(after !== undefined && { seq: { gte: after } }) },
        sort: [['seq', 'asc']],
        limit: limit + 1,
      })
      const root = /"audit_root":"([0-9a-f]{64})"/.exec(manifest)?.[1]
      return checkPage(id, found.map(publicEvent), { after, limit, root })
    },
    process: async (id: string) => {
      noteAudit({ session: id })
      const session = await sessions.get(id)
      worker.kick(id)
      return session
    },
    status: async () => {
      const count = async (state: State) => [state, await own.sessions.count({ state })] as const
      return { by_state: Object.fromEntries(await Promise.all(states.map(count))), in_work: worker.inWork() }
    },
  }
}

const ofSession = { params: SessionParams, response: { 200: Session, ...problems } }
const forPeople = { ...ofSession, callers: ['api-server', 'operator'] as const }
const steering = { ...forPeople, body: Why }

/** The HTTP face of session-orchestrator. */
export const routes = (orchestrator: OrchestratorParts) => {
  const { sessions, policies, parts } = orchestrator
  const handle = handlers(orchestrator)
  const deed = deeds(orchestrator)
  return service('session-orchestrator', parts)
    .post('/sessions', ({ body }) => handle.create(body), { body: NewSession, ...replies(Session, 'session-recorder') })
    .get('/sessions', ({ query }) => handle.list(query), {
      query: ListQuery,
      ...replies(List, 'api-server', 'operator'),
    })
    .get('/sessions/:id', ({ params }) => sessions.get(params.id), {
      ...ofSession,
      callers: ['api-server', 'operator'],
    })
    .post('/sessions/:id/state', ({ params, body }) => sessions.setState(params.id, body), {
      ...ofSession,
      body: StateChange,
      unaudited: 'said again and again: each change stands in the chain of the session itself',
      callers: ['session-recorder'],
    })
    .post(
      '/sessions/:id/finalize',
      async ({ params, body, status }) => status(202, await handle.finalize(params.id, body)),
      { params: SessionParams, body: Finalize, response: { 202: Session, ...problems }, callers: ['session-recorder'] },
    )
    .get('/sessions/:id/manifest', ({ params }) => handle.manifest(params.id), {
      params: SessionParams,
      ...replies(SignedManifest, 'api-server', 'operator'),
    })
    .get('/sessions/:id/audit', ({ params, query }) => handle.audit(params.id, query), {
      params: SessionParams,
      query: AuditQuery,
      ...replies(SessionAudit, 'api-server', 'operator'),
    })
    .get('/sessions/:id/policy', ({ params }) => policies.get(params.id), {
      params: SessionParams,
      ...replies(Policy, 'api-server', 'operator'),
    })
    .post('/sessions/:id/people', ({ params, body }) => deed.join(params.id, body.as), { ...forPeople, body: Join })
    .post('/sessions/:id/actions', ({ params, body }) => deed.act(params.id, body), {
      params: SessionParams,
      body: Action,
      ...replies(Decision, 'api-server', 'operator'),
      unaudited: 'each decision stands in the chain of the session itself',
    })
    .post('/sessions/:id/requests', ({ params, body }) => deed.ask(params.id, body), {
      params: SessionParams,
      body: NewRequest,
      ...replies(PolicyRequest, 'api-server', 'operator'),
    })
    .get('/sessions/:id/requests', ({ params }) => deed.requests(params.id), {
      params: SessionParams,
      ...replies(PolicyRequests, 'api-server', 'operator'),
    })
    .post(
      '/sessions/:id/requests/:request/decision',
      ({ params, body }) => deed.answer(params.id, params.request, body.approve),
      { params: RequestParams, body: Answer, ...replies(PolicyRequest, 'api-server', 'operator') },
    )
    .post('/sessions/:id/pause', ({ params, body }) => deed.pause(params.id, body), steering)
    .post('/sessions/:id/resume', ({ params, body }) => deed.resume(params.id, body), steering)
    .post('/sessions/:id/terminate', ({ params, body }) => deed.terminate(params.id, body), steering)
    .post('/sessions/:id/void', ({ params, body }) => deed.void(params.id, body), steering)
    .post('/orchestrator/process', async ({ body, status }) => status(202, await handle.process(body.session)), {
      body: Process,
      response: { 202: Session, ...problems },
      callers: ['operator'],
    })
    .get('/orchestrator/status', handle.status, replies(Status, 'operator'))
}

export type Api = ReturnType<typeof routes>
