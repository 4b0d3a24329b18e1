import type { AuditEntry } from '#common/evidence/audit-event'
import type { Session } from '#common/http/session-view'
import type { Part } from '#common/policy/admission'
import type { SignedPolicy } from '#common/policy/signature'
import { Fault } from '#common/process/fault'
import type { Finalize, NewSession, StateChange } from './model.ts'
import { checkTransition, recordingStates } from './state.ts'
import type { SessionDoc } from './store.ts'

/** A session after an event, and the event for its audit chain: none where it only says that the session lives. Times epoch ms. */
export type Transition = { readonly next: SessionDoc; readonly event?: AuditEntry }

/** Who steers a session, and why. */
export type Steering = { readonly by: string; readonly reason: string }

/** A session that nobody has recorded into. Under a policy its owner is the first who is let in. */
export const newSession = (
  request: NewSession,
  fixed: Pick<SessionDoc, 'id' | 'public_key' | 'chunk_size' | 'policy'>,
  now: number,
): SessionDoc => ({
  ...fixed,
  state: 'created',
  owner: request.owner,
  participants: fixed.policy === undefined ? (request.participants ?? []) : [request.owner],
  observers: request.observers ?? [],
  started_at: now,
  gaps: [],
  recorder_version: request.recorder_version,
  device_fingerprint: request.device_fingerprint,
  touched_at: now,
})

/** What the audit chain of a new session begins with: who owns it, what they allowed, and each who was let in. */
export const createdEntries = (doc: SessionDoc, policy: SignedPolicy | undefined): readonly AuditEntry[] => [
  { type: 'created', body: { owner: doc.owner, session_public_key: doc.public_key, started_at: doc.started_at } },
  ...(policy ? ([{ type: 'policy-set', body: { hash: doc.policy?.hash, ...policy } }] as const) : []),
  ...doc.participants.map((address) => ({ type: 'participant-admitted', body: { address } }) as const),
  ...doc.observers.map((address) => ({ type: 'observer-admitted', body: { address } }) as const),
]

/** Its source sends, or has paused. The same state again only says that it lives. */
export const setSessionState = (doc: SessionDoc, { state, gaps }: StateChange): Transition => {
  if (doc.state !== state) checkTransition(doc.state, state)
  return {
    next: { ...doc, state, ...(gaps === undefined ? {} : { stream_gaps: gaps }) },
    ...(doc.state === state ? {} : { event: { type: state, body: {} } }),
  }
}

/** Somebody was let in. Again is no change. */
export const admitPerson = (doc: SessionDoc, person: string, part: Part): Transition => {
  const list = part === 'participant' ? 'participants' : 'observers'
  if (doc[list].includes(person)) return { next: doc }
  return {
    next: { ...doc, [list]: [...doc[list], person] },
    event: { type: `${part}-admitted`, body: { address: person } },
  }
}

const requireRecording = (doc: SessionDoc): void => {
  if (!recordingStates.includes(doc.state))
    throw new Fault('conflict', 'session-over', `this session is ${doc.state}: it can be paused no more`)
}

/** Nobody acts in it for now; its recording goes on. */
export const suspendSession = (doc: SessionDoc, { by, reason }: Steering): Transition => {
  requireRecording(doc)
  if (doc.suspended_by !== undefined) return { next: doc }
  return { next: { ...doc, suspended_by: by }, event: { type: 'suspended', body: { by, reason } } }
}

export const resumeSession = ({ suspended_by, ...doc }: SessionDoc, { by, reason }: Steering): Transition => {
  requireRecording(doc)
  if (suspended_by === undefined) return { next: doc }
  return { next: doc, event: { type: 'resumed', body: { by, reason } } }
}

/** It is void: its recording ends, and is never sealed nor anchored. */
export const voidSession = (doc: SessionDoc, { by, reason }: Steering, now: number): Required<Transition> => {
  checkTransition(doc.state, 'voided')
  return {
    next: { ...doc, state: 'voided', ended_at: Math.max(doc.started_at, now), error: reason, still_open: true },
    event: { type: 'voided', body: { by, reason } },
  }
}

/** Its recording has ended. Throws Fault `already-finalized`: it ends only once. */
export const finalizeSession = (
  doc: SessionDoc,
  { complete, reason, total_plain, ended_at, gaps }: Finalize,
  now: number,
): Transition => {
  if (!recordingStates.includes(doc.state))
    throw new Fault('conflict', 'already-finalized', `this session is ${doc.state}; it ends only once`, {
      extra: { state: doc.state },
    })
  // No later than it is heard of, and no earlier than its start: two clocks may differ. Nor before what people last did in
  // it, while its source gave nothing more: a session that has ended decides nothing.
  const end = Math.max(doc.started_at, doc.acted_at ?? 0, Math.min(ended_at ?? now, now))
  return {
    next: {
      ...doc,
      state: 'finalizing',
      pipeline: 'initialized',
      ended_at: end,
      complete,
      ...(reason === undefined ? {} : { end_reason: reason }),
      ...(gaps === undefined ? {} : { stream_gaps: gaps }),
      ...(total_plain === undefined ? {} : { claimed_plain: total_plain }),
    },
    event: complete
      ? { type: 'recording-ended', body: { ended_at: end } }
      : { type: 'recording-broken-off', body: { ended_at: end, reason: reason ?? 'unknown' } },
  }
}

/** Somebody ended its recording before its source did. Throws Fault `already-finalized`. */
export const terminateSession = (doc: SessionDoc, { by, reason }: Steering, now: number): Transition => {
  const { next } = finalizeSession(doc, { complete: false, reason }, now)
  return { next, event: { type: 'recording-broken-off', body: { ended_at: next.ended_at, reason, by } } }
}

/** Nobody has used it for too long: one that was never recorded into expires, any other ends with a gap. */
export const endIdleSession = (doc: SessionDoc, now: number): Transition =>
  doc.state === 'created'
    ? { next: { ...doc, state: 'expired' }, event: { type: 'expired', body: {} } }
    : finalizeSession(doc, { complete: false, reason: 'nothing was recorded for too long' }, now)

/** The chain put it into a block. */
export const anchorSession = (
  { anchor_lost: _lost, ...doc }: SessionDoc,
  anchor: NonNullable<Session['anchor']>,
): Transition => {
  checkTransition(doc.state, 'anchored')
  return {
    next: { ...doc, state: 'anchored', pipeline: 'completed', anchor },
    event: { type: 'anchored', body: { ...anchor } },
  }
}

/** The chain was put back to older data and does not hold its anchor any more: it is anchored again. */
export const loseAnchor = ({ anchor, ...doc }: SessionDoc): Transition => {
  checkTransition(doc.state, 'anchoring')
  return {
    next: { ...doc, state: 'anchoring', pipeline: 'anchoring', anchor_lost: true },
    event: { type: 'anchor-lost', body: { reason: `block ${anchor?.block.number} ${anchor?.block.hash}` } },
  }
}

/** The part of a session that others may see. */
export const publicSession = (doc: SessionDoc): Session => {
  const { id, state, owner, participants, observers, started_at, chunk_size, gaps } = doc
  const { pipeline, ended_at, complete, chunk_count, total_plain } = doc
  const { merkle_root, manifest_hash, anchor, error, policy, suspended_by } = doc
  const later = { pipeline, ended_at, complete, chunk_count, total_plain }
  const last = { merkle_root, manifest_hash, anchor, error, policy, suspended_by }
  const present = Object.entries({ ...later, ...last }).filter(([, value]) => value !== undefined)
  return { id, state, owner, participants, observers, started_at, chunk_size, gaps, ...Object.fromEntries(present) }
}
