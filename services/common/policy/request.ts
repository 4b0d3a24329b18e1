import { Fault } from '../process/fault.ts'
import { type Action, decide, type PolicyRequest, type RuleName, type Situation } from './decision.ts'
import type { PolicySnapshot } from './snapshot.ts'

/** How long a request waits for an answer, and how long an approval holds, ms (SPEC section 7). */
export const REQUEST_MS = 5 * 60_000
/** Requests of one person that wait at once, at most. */
export const MOST_WAITING = 10

/** An answer to a request. */
export type Verdict = { readonly by: string; readonly isApproved: boolean }

const askable: readonly RuleName[] = ['not-granted', 'grant-expired', 'over-grant']

/** A request that waits. Throws Fault conflict `already-allowed`, exhausted `too-many-requests`, forbidden. */
export const openRequest = (
  situation: Situation,
  { reason, ...action }: Action & { readonly reason: string },
  id: string,
): PolicyRequest => {
  const { outcome, rule, says } = decide(situation, action)
  if (outcome === 'allowed') throw new Fault('conflict', 'already-allowed', `${says}: there is no need to ask`)
  if (!askable.includes(rule)) throw new Fault('forbidden', rule, says)
  const { now, requests } = situation
  const waiting = requests.filter((one) => one.person === action.person && isWaiting(one, now))
  if (waiting.length >= MOST_WAITING)
    throw new Fault('exhausted', 'too-many-requests', `${MOST_WAITING} of your requests wait for an answer`)
  return { ...action, reason, id, state: 'pending', asked_at: now, expires_at: now + REQUEST_MS }
}

/** True while a request can still be answered. */
export const isWaiting = ({ state, expires_at }: PolicyRequest, now: number): boolean =>
  state === 'pending' && now < expires_at

/** An answered request; an approval holds for 5 min. Throws Fault forbidden, conflict `request-decided|-expired`. */
export const answerRequest = (
  request: PolicyRequest,
  { by, isApproved }: Verdict,
  { policy, now }: { readonly policy: PolicySnapshot; readonly now: number },
): PolicyRequest => {
  if (!policy.approvers.includes(by))
    throw new Fault('forbidden', 'not-an-approver', 'the policy of this session does not let you answer requests')
  if (by === request.person)
    throw new Fault('forbidden', 'own-request', 'nobody answers a request of his own: ask another approver')
  if (request.state !== 'pending')
    throw new Fault('conflict', 'request-decided', `this request was ${request.state} before`)
  if (!isWaiting(request, now) || now >= policy.valid_until)
    throw new Fault('conflict', 'request-expired', 'this request has expired: ask again')
  return {
    ...request,
    state: isApproved ? 'approved' : 'refused',
    decided_by: by,
    decided_at: now,
    expires_at: isApproved ? Math.min(now + REQUEST_MS, policy.valid_until) : request.expires_at,
  }
}
