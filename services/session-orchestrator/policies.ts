import { checkAdmission, type Part } from '#common/policy/admission'
import {
  type Action,
  type Decision,
  decide,
  type PolicyRequest,
  type Situation,
} from '#common/policy/decision'
import { answerRequest, openRequest, type Verdict } from '#common/policy/request'
import type { SignedPolicy } from '#common/policy/signature'
import { readPolicy } from '#common/policy/snapshot'
import { describePolicy } from '#common/policy/words'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import type { Session } from './model.ts'
import { applyTransition, change } from './sessions.ts'
import { recordingStates } from './state.ts'
import { appendAudit, findSession, type RequestDoc, type SessionDoc, type Tables, tables } from './store.ts'
import {
  admitPerson,
  resumeSession,
  type Steering,
  suspendSession,
  terminateSession,
  voidSession,
} from './transitions.ts'

/** A request as it stands: one that lapsed is pending or approved no more. */
type RequestStatus = Omit<PolicyRequest, 'state'> & { readonly state: PolicyRequest['state'] | 'expired' }

/** What people do in sessions. Each change is durable, with its entry in the session's audit chain, before it is answered. */
export type Policies = {
  /** Throws Fault missing `no-policy`. */
  readonly get: (id: string) => Promise<SignedPolicy & { hash: string; says: string[] }>
  /** Lets somebody in whom the policy names. Throws Fault as `checkAdmission`. */
  readonly admit: (id: string, person: string, part: Part) => Promise<Session>
  /** Decides, and voids the session where the policy says so. Throws Fault conflict `session-over`. */
  readonly act: (id: string, action: Action) => Promise<Decision>
  /** Throws Fault as `openRequest`. */
  readonly ask: (id: string, ask: Action & { readonly reason: string }) => Promise<RequestStatus>
  /** Throws Fault missing `no-such-request`, and as `answerRequest`. */
  readonly answer: (id: string, request: string, verdict: Verdict) => Promise<RequestStatus>
  /** The newest first. */
  readonly requests: (id: string) => Promise<readonly RequestStatus[]>
  readonly suspend: (id: string, why: Steering) => Promise<Session>
  readonly resume: (id: string, why: Steering) => Promise<Session>
  /** Ends the recording before its source does; it is sealed with a gap at its end. */
  readonly terminate: (id: string, why: Steering) => Promise<Session>
  readonly void: (id: string, why: Steering) => Promise<Session>
}

export type PoliciesParts = {
  readonly store: Store
  readonly now: () => number
  readonly newId: () => string
}

/** How far back requests are looked at for a decision, ms; and how many are listed. */
const REMEMBERED = 3600 * 1000
const LISTED = 500

const describeRequest = (
  { session: _session, rev: _rev, ...request }: RequestDoc & { readonly rev?: number },
  now: number,
): RequestStatus =>
  request.state !== 'refused' && now >= request.expires_at ? { ...request, state: 'expired' } : request

const readSituation = async (own: Tables, doc: SessionDoc, now: number): Promise<Situation> => {
  const policy = await own.policies.get(doc.id)
  const where = { session: doc.id, asked_at: { gt: now - REMEMBERED } }
  return {
    policy: policy && readPolicy(utf8(policy.text)),
    isRecorded: doc.state !== 'created',
    isSuspended: doc.suspended_by !== undefined,
    participants: doc.participants,
    observers: doc.observers,
    requests: await own.requests.find({ where }),
    now,
  }
}

const requireOpen = ({ state }: SessionDoc): void => {
  if (recordingStates.includes(state)) return
  throw new Fault('conflict', 'session-over', `this session is ${state}: nobody acts in it any more`, {
    extra: { state },
  })
}

const noPolicy = () =>
  new Fault('missing', 'no-policy', 'this session has no policy: open one with a signed policy')

/** One deed of somebody in a session that is open, in one transaction. */
const inSession =
  ({ store, now: clock }: PoliciesParts) =>
  <R>(id: string, work: (session: OpenSession) => Promise<R>): Promise<R> =>
    store.transaction(async (tx) => {
      const own = tables(tx)
      const stored = await findSession(own, id)
      const { rev, ...doc } = stored
      requireOpen(doc)
      const now = clock()
      const note: OpenSession['note'] = (type, body) =>
        applyTransition(own, rev, { next: doc, event: { type, body } }, now)
      return work({ own, doc, rev, situation: await readSituation(own, doc, now), note })
    })
type OpenSession = {
  readonly own: Tables
  readonly doc: SessionDoc
  readonly rev: number
  readonly situation: Situation
  /** Adds an event to its audit chain. */
  readonly note: (
    type: 'action-decided' | 'request-made' | 'request-decided',
    body: Readonly<Record<string, unknown>>,
  ) => Promise<Session>
}

const act = async (action: Action, { own, doc, rev, situation, note }: OpenSession): Promise<Decision> => {
  const decision = decide(situation, action)
  const { outcome, rule } = decision
  if (outcome !== 'void') await note('action-decided', { ...action, outcome, rule })
  else {
    const why = { by: action.person, reason: `${action.channel} ${action.direction}: ${rule}` }
    await appendAudit(
      own,
      doc.id,
      { type: 'action-decided', body: { ...action, outcome, rule } },
      situation.now,
    )
    await applyTransition(own, rev, voidSession(doc, why, situation.now), situation.now)
  }
  return decision
}

const answer = async (
  request: string,
  verdict: Verdict,
  { own, doc, situation, note }: OpenSession,
): Promise<RequestDoc> => {
  if (situation.policy === undefined) throw noPolicy()
  const stored = await own.requests.get(request)
  if (stored?.session !== doc.id)
    throw new Fault('missing', 'no-such-request', 'there is no request of this id in this session')
  const { rev, ...asked } = stored
  const next = {
    ...asked,
    ...answerRequest(asked, verdict, { policy: situation.policy, now: situation.now }),
  }
  await own.requests.replace(next, rev)
  const { state, expires_at } = next
  await note('request-decided', { request, person: next.person, by: verdict.by, state, expires_at })
  return next
}

/** What people do in sessions, over a store. */
export const policies = (parts: PoliciesParts): Policies => {
  const { store, now, newId } = parts
  const own = tables(store)
  const within = inSession(parts)
  return {
    get: async (id) => {
      const { policy } = await findSession(own, id)
      const doc = await own.policies.get(id)
      if (doc === undefined || policy === undefined) throw noPolicy()
      const snapshot = readPolicy(utf8(doc.text))
      return { snapshot, signature: doc.signature, hash: policy.hash, says: [...describePolicy(snapshot)] }
    },
    admit: (id, person, part) =>
      store.transaction(async (tx) => {
        const { rev, ...doc } = await findSession(tables(tx), id)
        requireOpen(doc)
        const { policy } = await readSituation(tables(tx), doc, now())
        if (policy === undefined) throw noPolicy()
        checkAdmission(policy, { person, part, now: now() })
        return applyTransition(tables(tx), rev, admitPerson(doc, person, part), now())
      }),
    act: (id, action) => within(id, (session) => act(action, session)),
    ask: (id, ask) =>
      within(id, async ({ own: inner, situation, note }) => {
        const request = openRequest(situation, ask, newId())
        await inner.requests.insert({ ...request, session: id })
        const { state: _, id: rid, ...body } = request
        await note('request-made', { request: rid, ...body })
        return request
      }),
    answer: async (id, request, verdict) =>
      describeRequest(await within(id, (session) => answer(request, verdict, session)), now()),
    requests: async (id) => {
      await findSession(own, id)
      const query = { where: { session: id }, sort: [['asked_at', 'desc']], limit: LISTED } as const
      return (await own.requests.find(query)).map((request) => describeRequest(request, now()))
    },
    suspend: (id, why) => change(parts, id, (doc) => suspendSession(doc, why)),
    resume: (id, why) => change(parts, id, (doc) => resumeSession(doc, why)),
    terminate: (id, why) => change(parts, id, (doc) => terminateSession(doc, why, now())),
    void: (id, why) => change(parts, id, (doc) => voidSession(doc, why, now())),
  }
}
