import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import * as model from '#common/http/policy-model'
import { problems, type service } from '#common/http/service'
import { SessionParams } from '#common/http/session-model'
import { mayDo } from '#common/people/permissions'
import { Fault } from '#common/process/fault'
import type { Handlers } from './handlers.ts'
import { Reason, Session } from './model.ts'

type Steering = {
  readonly params: { readonly id: string }
  readonly body: { readonly reason: string }
  readonly request: Request
}

/** A call to the orchestrator about a session, on behalf of a person who may. What the policy allows is decided there. */
const policyHandlers = ({ neighbours: { orchestrator }, find, change, once }: Handlers) => {
  const at = (id: string) => orchestrator.sessions({ id })
  const steer =
    (call: (id: string, why: { reason: string }) => Promise<unknown>) =>
    ({ params: { id }, body, request }: Steering) =>
      change({ id, deed: 'steer', request, body }, async () => {
        await call(id, body)
        return find(id, 'steer')
      })
  return {
    policy: async (id: string) => {
      await find(id, 'know')
      return ok(at(id).policy.get())
    },
    join: async (id: string, body: typeof model.Join.static, request: Request) => {
      await find(id, 'know')
      if (body.as === 'participant' && !mayDo(requestPerson().roles, 'session_join'))
        throw new Fault('forbidden', 'not-permitted', 'your roles let you observe sessions, not join them')
      return once(request, body, async () => {
        await ok(at(id).people.post(body))
        return find(id, 'know')
      })
    },
    act: async (id: string, body: typeof model.Action.static, request: Request) => {
      await find(id, 'take-part')
      return once(request, body, () => ok(at(id).actions.post(body)))
    },
    ask: async (id: string, body: typeof model.NewRequest.static, request: Request) => {
      await find(id, 'take-part')
      return once(request, body, () => ok(at(id).requests.post(body)))
    },
    requests: async (id: string) => {
      await find(id, 'know')
      return ok(at(id).requests.get())
    },
    answer: async (
      { id, request: asked }: typeof model.RequestParams.static,
      body: typeof model.Answer.static,
      request: Request,
    ) => {
      await find(id, 'know')
      return once(request, body, () => ok(at(id).requests({ request: asked }).decision.post(body)))
    },
    pause: steer((id, why) => ok(at(id).pause.post(why))),
    resume: steer((id, why) => ok(at(id).resume.post(why))),
    void: steer((id, why) => ok(at(id).void.post(why))),
  }
}

const V1 = '/api/v1/sessions/:id'
const watching = { params: SessionParams, people: 'session_observe' } as const
const joining = { params: SessionParams, people: 'session_join' } as const
const steering = { params: SessionParams, body: Reason, response: { 200: Session, ...problems } }

/** Adds what people do in sessions under their policies. */
export const addPolicyRoutes = (root: ReturnType<typeof service>, parts: Handlers) => {
  const handle = policyHandlers(parts)
  return root
    .get(`${V1}/policy`, ({ params }) => handle.policy(params.id), {
      ...watching,
      response: { 200: model.Policy, ...problems },
    })
    .post(`${V1}/join`, ({ params, body, request }) => handle.join(params.id, body, request), {
      ...watching,
      body: model.Join,
      response: { 200: Session, ...problems },
    })
    .post(`${V1}/actions`, ({ params, body, request }) => handle.act(params.id, body, request), {
      ...joining,
      body: model.Action,
      response: { 200: model.Decision, ...problems },
    })
    .get(`${V1}/requests`, ({ params }) => handle.requests(params.id), {
      ...watching,
      response: { 200: model.PolicyRequests, ...problems },
    })
    .post(`${V1}/requests`, ({ params, body, request }) => handle.ask(params.id, body, request), {
      ...joining,
      body: model.NewRequest,
      response: { 200: model.PolicyRequest, ...problems },
    })
    .post(`${V1}/requests/:request/decision`, ({ params, body, request }) => handle.answer(params, body, request), {
      params: model.RequestParams,
      body: model.Answer,
      people: 'session_join',
      response: { 200: model.PolicyRequest, ...problems },
    })
    .post(`${V1}/pause`, handle.pause, { ...steering, people: 'session_create' })
    .post(`${V1}/resume`, handle.resume, { ...steering, people: 'session_create' })
    .post(`${V1}/void`, handle.void, { ...steering, people: 'session_terminate' })
}
