import { onlyFor } from '#common/http/callers'
import { problems, type ServiceParts, service } from '#common/http/service'
import { SessionParams } from '#common/http/session-model'
import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import {
  Audit,
  Finalize,
  List,
  ListQuery,
  NewSession,
  Process,
  Session,
  SignedManifest,
  StateChange,
  Status,
  states,
} from './model.ts'
import type { Sessions } from './sessions.ts'
import { tables } from './store.ts'
import type { Worker } from './worker.ts'

/** The HTTP face of session-orchestrator. */
export const routes = ({
  store,
  sessions,
  worker,
  parts,
}: {
  readonly store: Store
  readonly sessions: Sessions
  readonly worker: Worker
  readonly parts: ServiceParts
}) => {
  const own = tables(store)
  return service('session-orchestrator', parts)
    .post('/sessions', ({ body }) => sessions.create(body), {
      body: NewSession,
      response: { 200: Session, ...problems },
      beforeHandle: onlyFor('session-recorder'),
    })
    .get(
      '/sessions',
      async ({ query: { state, limit = 50 } }) => ({
        sessions: [...(await sessions.list({ limit, ...(state === undefined ? {} : { state }) }))],
      }),
      { query: ListQuery, response: { 200: List, ...problems } },
    )
    .get('/sessions/:id', ({ params }) => sessions.get(params.id), {
      params: SessionParams,
      response: { 200: Session, ...problems },
    })
    .post('/sessions/:id/state', ({ params, body }) => sessions.setState(params.id, body.state), {
      params: SessionParams,
      body: StateChange,
      response: { 200: Session, ...problems },
      beforeHandle: onlyFor('session-recorder'),
    })
    .post(
      '/sessions/:id/finalize',
      async ({ params, body, status }) => {
        const ended = await sessions.finalize(params.id, body).catch((error) => {
          // The answer to an end that is kept may have been lost: whoever asks again finds it, and so do we.
          if (isFault(error, 'already-finalized')) worker.kick(params.id)
          throw error
        })
        worker.kick(params.id)
        return status(202, ended)
      },
      {
        params: SessionParams,
        body: Finalize,
        response: { 202: Session, ...problems },
        beforeHandle: onlyFor('session-recorder'),
      },
    )
    .get(
      '/sessions/:id/manifest',
      async ({ params }) => {
        await sessions.get(params.id)
        const doc = await own.manifests.get(params.id)
        if (doc === undefined)
          throw new Fault(
            'conflict',
            'not-sealed-yet',
            'this session has no manifest yet; it is written when it ends',
          )
        const { manifest, alg, public_key, signature } = doc
        return { manifest, alg, public_key, signature }
      },
      { params: SessionParams, response: { 200: SignedManifest, ...problems } },
    )
    .get(
      '/sessions/:id/audit',
      async ({ params }) => {
        await sessions.get(params.id)
        const found = await own.audit.find({ where: { session: params.id }, sort: [['seq', 'asc']] })
        return { events: found.map(({ seq, at, event, prev, hash }) => ({ seq, at, event, prev, hash })) }
      },
      { params: SessionParams, response: { 200: Audit, ...problems } },
    )
    .post(
      '/orchestrator/process',
      async ({ body, status }) => {
        const session = await sessions.get(body.session)
        worker.kick(body.session)
        return status(202, session)
      },
      {
        body: Process,
        response: { 202: Session, ...problems },
        beforeHandle: onlyFor('operator', 'session-recorder'),
      },
    )
    .get(
      '/orchestrator/status',
      async () => {
        const counts = await Promise.all(
          states.map(async (state) => [state, await own.sessions.count({ state })]),
        )
        return { by_state: Object.fromEntries(counts), in_work: worker.inWork() }
      },
      { response: { 200: Status, ...problems } },
    )
}

export type Api = ReturnType<typeof routes>
