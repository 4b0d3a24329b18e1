import { problems, type ServiceParts, service } from '#common/http/service'
import { SessionParams } from '#common/http/session-model'
import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import {
  Audit,
  AuditQuery,
  Finalize,
  List,
  ListQuery,
  NewSession,
  Process,
  Session,
  SignedManifest,
  type State,
  StateChange,
  Status,
  states,
} from './model.ts'
import type { Sessions } from './sessions.ts'
import { publicEvent, tables } from './store.ts'
import type { Worker } from './worker.ts'

export type OrchestratorParts = {
  readonly store: Store
  readonly sessions: Sessions
  readonly worker: Worker
  readonly parts: ServiceParts
}

/** States that a session never leaves, and in which it has no manifest. */
const ENDED_WITHOUT: readonly State[] = ['voided', 'failed', 'expired']

const notSealed = (state: State) =>
  ENDED_WITHOUT.includes(state)
    ? new Fault('conflict', 'never-sealed', `this session is ${state}: it ended without a manifest`)
    : new Fault('conflict', 'not-sealed-yet', 'this session has no manifest yet; it is written when it ends')

/** What the routes call, where that is more than one thing. */
const handlers = ({ store, sessions, worker }: OrchestratorParts) => {
  const own = tables(store)
  return {
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
      const events = await own.audit.find({
        where: { session: id, ...(after !== undefined && { seq: { gt: after } }) },
        sort: [['seq', 'asc']],
        limit,
      })
      return { events: events.map(publicEvent) }
    },
    process: async (id: string) => {
      const session = await sessions.get(id)
      worker.kick(id)
      return session
    },
    status: async () => {
      const count = async (state: State) => [state, await own.sessions.count({ state })] as const
      return {
        by_state: Object.fromEntries(await Promise.all(states.map(count))),
        in_work: worker.inWork(),
      }
    },
  }
}

const ofSession = { params: SessionParams, response: { 200: Session, ...problems } }

/** The HTTP face of session-orchestrator. */
export const routes = (orchestrator: OrchestratorParts) => {
  const { sessions, parts } = orchestrator
  const handle = handlers(orchestrator)
  return service('session-orchestrator', parts)
    .post('/sessions', ({ body }) => sessions.create(body), {
      body: NewSession,
      response: { 200: Session, ...problems },
      callers: ['session-recorder'],
    })
    .get('/sessions', ({ query }) => handle.list(query), {
      query: ListQuery,
      response: { 200: List, ...problems },
      callers: ['operator'],
    })
    .get('/sessions/:id', ({ params }) => sessions.get(params.id), { ...ofSession, callers: ['operator'] })
    .post('/sessions/:id/state', ({ params, body }) => sessions.setState(params.id, body), {
      ...ofSession,
      body: StateChange,
      callers: ['session-recorder'],
    })
    .post(
      '/sessions/:id/finalize',
      async ({ params, body, status }) => status(202, await handle.finalize(params.id, body)),
      {
        params: SessionParams,
        body: Finalize,
        response: { 202: Session, ...problems },
        callers: ['session-recorder'],
      },
    )
    .get('/sessions/:id/manifest', ({ params }) => handle.manifest(params.id), {
      params: SessionParams,
      response: { 200: SignedManifest, ...problems },
      callers: ['operator'],
    })
    .get('/sessions/:id/audit', ({ params, query }) => handle.audit(params.id, query), {
      params: SessionParams,
      query: AuditQuery,
      response: { 200: Audit, ...problems },
      callers: ['operator'],
    })
    .post(
      '/orchestrator/process',
      async ({ body, status }) => status(202, await handle.process(body.session)),
      {
        body: Process,
        response: { 202: Session, ...problems },
        callers: ['operator'],
      },
    )
    .get('/orchestrator/status', handle.status, {
      response: { 200: Status, ...problems },
      callers: ['operator'],
    })
}

export type Api = ReturnType<typeof routes>
