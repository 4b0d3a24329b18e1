import type { AuditEntry } from '#common/evidence/audit-event'
import type { Session } from '#common/http/session-view'
import { checkAdmission, type Part } from '#common/policy/admission'
import { type Action, type Decision, decide, type PolicyRequest, type Situation } from '#common/policy/decision'
import { answerRequest, openRequest, type Verdict } from '#common/policy/request'
import type { SignedPolicy } from '#common/policy/signature'
import { readPolicy } from '#common/policy/snapshot'
import { describePolicy } from '#common/policy/words'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import { applyEvents, change } from './sessions.ts'
import { recordingStates } from './state.ts'
import { findSession, type RequestDoc, type SessionDoc, type Tables, tables } from './store.ts'
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

export type PoliciesParts = { readonly store: Store; readonly now: () => number; readonly newId: () => string }

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

const noPolicy = () => new Fault('missing', 'no-policy', 'this session has no policy: open one with a signed policy')

/** What one deed in an open session works with; `keep` stores the session after it, with its entries in the audit chain. */
type OpenSession = {
  readonly own: Tables
  readonly doc: SessionDoc
  readonly situation: Situation
  readonly keep: (next: SessionDoc, events: readonly AuditEntry[]) => Promise<Session>
}

/** One deed of somebody in a session that is open, in one transaction. */
const inSession =
  ({ store, now: clock }: PoliciesParts) =>
  <R>(id: string, work: (session: OpenSession) => Promise<R>): Promise<R> =>
    store.transaction(async (tx) => {
      const own = tables(tx)
      const { rev, ...doc } = await findSession(own, id)
      requireOpen(doc)
      const now = clock()
      return work({
        own,
        doc,
        situation: await readSituation(own, doc, now),
        keep: (next, events) => applyEvents(own, rev, { next: { ...next, acted_at: now }, events }, now),
      })
    })

const admit = async (person: string, part: Part, { doc, situation, keep }: OpenSession): Promise<Session> => {
  const { policy, now } = situation
  if (policy === undefined) throw noPolicy()
  checkAdmission(policy, { person, part, now })
  const { next, event } = admitPerson(doc, person, part)
  return keep(next, event === undefined ? [] : [event])
}

const act = async (action: Action, { doc, situation, keep }: OpenSession): Promise<Decision> => {
  const decision = decide(situation, action)
  const { outcome, rule } = decision
  const decided = { type: 'action-decided', body: { ...action, outcome, rule } } as const
  if (outcome !== 'void') await keep(doc, [decided])
  else {
    const why = { by: action.person, reason: `${action.channel} ${action.direction}: ${rule}` }
    const { next, event } = voidSession(doc, why, situation.now)
    await keep(next, [decided, event])
  }
  return decision
}

const answer = async (
  request: string,
  verdict: Verdict,
  { own, doc, situation, keep }: OpenSession,
): Promise<RequestDoc> => {
  const { policy, now } = situation
  if (policy === undefined) throw noPolicy()
  const stored = await own.requests.get(request)
  if (stored?.session !== doc.id)
    throw new Fault('missing', 'no-such-request', 'there is no request of this id in this session')
  const { rev, ...asked } = stored
  const next = { ...asked, ...answerRequest(asked, verdict, { policy, now }) }
  const { person, state, expires_at } = next
  const body = { request, person, by: verdict.by, state, expires_at }
  await keep(doc, [{ type: 'request-decided', body }])
  await own.requests.replace(next, rev)
  return next
}

const ask = async (request: PolicyRequest, { own, doc, keep }: OpenSession): Promise<PolicyRequest> => {
  const { id, state: _, ...body } = request
  await keep(doc, [{ type: 'request-made', body: { request: id, ...body } }])
  await own.requests.insert({ ...request, session: doc.id })
  return request
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
    admit: (id, person, part) => within(id, (session) => admit(person, part, session)),
    act: (id, action) => within(id, (session) => act(action, session)),
    ask: (id, asked) => within(id, (session) => ask(openRequest(session.situation, asked, newId()), session)),
    answer: async (id, request, verdict) =>
      describeRequest(await within(id, (session) => answer(request, verdict, session)), now()),
    requests: async (id) => {
      await findSession(own, id)
      const query = { where: { session: id }, sort: [['asked_at', 'desc']], limit: LISTED } as const
      return (await own.requests.find(query)).map((request) => describeRequest(request, now()))
    },
    suspend: (id, why) => change(parts, id, (doc) => suspendSession({ ...doc, acted_at: now() }, why)),
    resume: (id, why) => change(parts, id, (doc) => resumeSession({ ...doc, acted_at: now() }, why)),
    terminate: (id, why) => change(parts, id, (doc) => terminateSession(doc, why, now())),
    void: (id, why) => change(parts, id, (doc) => voidSession(doc, why, now())),
  }
}
