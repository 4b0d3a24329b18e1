import type { AuditEntry } from '#common/evidence/audit-event'
import { Fault } from '#common/process/fault'
import type { Finalize, NewSession, Session, StateChange } from './model.ts'
import { checkTransition, recordingStates } from './state.ts'
import type { SessionDoc } from './store.ts'

/** A session after an event, and the event for its audit chain. Times epoch ms. */
export type Transition = { readonly next: SessionDoc; readonly event: AuditEntry }

/** A session that nobody has recorded into. */
export const newSession = (
  request: NewSession,
  fixed: Pick<SessionDoc, 'id' | 'public_key' | 'chunk_size'>,
  now: number,
): SessionDoc => ({
  ...fixed,
  state: 'created',
  owner: request.owner,
  participants: request.participants ?? [],
  observers: request.observers ?? [],
  started_at: now,
  gaps: [],
  recorder_version: request.recorder_version,
  device_fingerprint: request.device_fingerprint,
  touched_at: now,
})

/** What the audit chain of a new session begins with: who owns it, and each who was let in. */
export const createdEntries = (doc: SessionDoc): readonly AuditEntry[] => [
  {
    type: 'created',
    body: { owner: doc.owner, session_public_key: doc.public_key, started_at: doc.started_at },
  },
  ...doc.participants.map((address) => ({ type: 'participant-admitted', body: { address } }) as const),
  ...doc.observers.map((address) => ({ type: 'observer-admitted', body: { address } }) as const),
]

/** Its source sends, or has paused. The same state again only says that it lives. */
export const setSessionState = (doc: SessionDoc, { state, gaps }: StateChange): Transition => {
  if (doc.state !== state) checkTransition(doc.state, state)
  return {
    next: { ...doc, state, ...(gaps === undefined ? {} : { stream_gaps: gaps }) },
    event: { type: state, body: {} },
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
  // No later than it is heard of, and no earlier than its start: two clocks may differ.
  const end = Math.max(doc.started_at, Math.min(ended_at ?? now, now))
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
    event: {
      type: 'anchor-lost',
      body: { reason: `block ${anchor?.block.number} ${anchor?.block.hash}` },
    },
  }
}

/** The part of a session that others may see. */
export const publicSession = (doc: SessionDoc): Session => {
  const { id, state, owner, participants, observers, started_at, chunk_size, gaps } = doc
  const { pipeline, ended_at, complete, chunk_count, total_plain } = doc
  const { merkle_root, manifest_hash, anchor, error } = doc
  const later = { pipeline, ended_at, complete, chunk_count, total_plain }
  const last = { merkle_root, manifest_hash, anchor, error }
  const present = Object.entries({ ...later, ...last }).filter(([, value]) => value !== undefined)
  return {
    id,
    state,
    owner,
    participants,
    observers,
    started_at,
    chunk_size,
    gaps,
    ...Object.fromEntries(present),
  }
}
