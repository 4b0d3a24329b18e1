import { t } from 'elysia'
import { AuditEvent } from '#common/evidence/audit-event'
import { Hex32, Hex64, Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { Gap } from '#common/evidence/manifest'
import { BytesParam, EndReason, WholeParam } from '#common/http/session-model'
import { SignedPolicy } from '#common/policy/signature'

export const states = [
  'created',
  'active',
  'paused',
  'finalizing',
  'anchoring',
  'anchored',
  'voided',
  'failed',
  'expired',
] as const
export const steps = [
  'initialized',
  'chunking',
  'encrypting',
  'merkle_building',
  'anchoring',
  'completed',
  'failed',
] as const
export type State = (typeof states)[number]

const People = t.Optional(t.Array(TronAddress, { maxItems: 100, uniqueItems: true }))

export const NewSession = t.Object({
  owner: TronAddress,
  owner_x25519: t.Optional(Hex32),
  participants: People,
  observers: People,
  /** Says who may join, instead of `participants` and `observers`. */
  policy: t.Optional(SignedPolicy),
  recorder_version: t.String({ minLength: 1, maxLength: 64 }),
  device_fingerprint: Hex32,
})
export type NewSession = typeof NewSession.static

/** Recorded time from `from` to `to` is missing before the byte at `offset` of the stream. Times epoch ms. */
export const StreamGap = t.Object({ offset: Natural, from: Natural, to: Natural, reason: EndReason })
export type StreamGap = typeof StreamGap.static

/** Where the source was away until now, in the middle of the stream. */
const Gaps = t.Array(StreamGap, { maxItems: 1000 })

/** The ends of a recording: complete, or broken off with the time that is missing. */
export const Finalize = t.Object({
  complete: t.Boolean(),
  reason: t.Optional(EndReason),
  /** When the source ended it, or was given up; now, unless it is said. */
  ended_at: t.Optional(Natural),
  gaps: t.Optional(Gaps),
  /** What the recorder had acknowledged; less than that being durable stops the session. */
  total_plain: t.Optional(Natural),
})
export type Finalize = typeof Finalize.static

export const Anchor = t.Object({
  tx_hash: Hex32,
  block: t.Object({ number: Natural, hash: Hex32 }),
})

const PolicyPeople = t.Object({
  hash: Hex32,
  participants: t.Array(TronAddress),
  observers: t.Array(TronAddress),
  approvers: t.Array(TronAddress),
})

export const Session = t.Object({
  id: SessionId,
  state: t.UnionEnum(states),
  pipeline: t.Optional(t.UnionEnum(steps)),
  owner: TronAddress,
  participants: t.Array(TronAddress),
  observers: t.Array(TronAddress),
  started_at: Natural,
  ended_at: t.Optional(Natural),
  chunk_size: Natural,
  complete: t.Optional(t.Boolean()),
  gaps: t.Array(Gap),
  chunk_count: t.Optional(Natural),
  total_plain: t.Optional(Natural),
  merkle_root: t.Optional(Hex32),
  manifest_hash: t.Optional(Hex32),
  anchor: t.Optional(Anchor),
  error: t.Optional(t.String()),
  /** Whom the policy names; `participants` and `observers` above are those who were let in. */
  policy: t.Optional(PolicyPeople),
  /** Who paused it: nobody acts in it, and its recording goes on. */
  suspended_by: t.Optional(t.String()),
})
export type Session = typeof Session.static

/** `gaps`: told beforehand, for a session that its recorder cannot end any more. */
export const StateChange = t.Object({
  state: t.Union([t.Literal('active'), t.Literal('paused')]),
  gaps: t.Optional(Gaps),
})
export type StateChange = typeof StateChange.static

/** Elysia would fill in the first state for none; without one, all are listed. */
export const ListQuery = t.Object({
  state: t.Optional(t.UnionEnum(states, { default: undefined })),
  /** Only those that started no later, epoch ms: where the page before ended. */
  until: t.Optional(BytesParam),
  /** Only those of this owner. */
  owner: t.Optional(TronAddress),
  limit: t.Optional(WholeParam(1, 500)),
})
export const List = t.Object({ sessions: t.Array(Session) })

/** The manifest as the exact text that was hashed, and the session key's signature over its hash. */
export const SignedManifest = t.Object({
  manifest: t.String(),
  alg: t.Literal('Ed25519'),
  public_key: Hex32,
  signature: Hex64,
})

/** An event in the chain of a session of an older release: hash = BLAKE3 of the canonical JSON of the rest. */
const AuditLink = t.Object({ seq: Natural, at: Natural, event: t.String(), prev: Hex32, hash: Hex32 })
export const AuditQuery = t.Object({
  /** Only the events behind this one. */
  after: t.Optional(BytesParam),
  limit: t.Optional(WholeParam(1, 1000)),
})
/** The manifest's audit_root is the hash of the event `sealed`. */
export const Audit = t.Object({ events: t.Array(t.Union([AuditEvent, AuditLink])) })

/** The policy of a session, and what it allows as lines for people. */
export const PolicyView = t.Object({
  ...SignedPolicy.properties,
  hash: Hex32,
  says: t.Array(t.String()),
})

export const Join = t.Object({ as: t.UnionEnum(['participant', 'observer']) })

/** `bytes` = size of the item; 0 where there is none, as for input and sound. */
export const ActionBody = t.Object({
  channel: t.UnionEnum(['input', 'clipboard', 'files', 'audio', 'printing']),
  direction: t.UnionEnum(['to_session', 'from_session']),
  bytes: Natural,
})
/** A violation is no error of the caller: it is answered with what was decided. */
export const Decision = t.Object({
  outcome: t.UnionEnum(['allowed', 'blocked', 'void']),
  rule: t.String(),
  says: t.String(),
})

export const Ask = t.Object({ ...ActionBody.properties, reason: EndReason })
/** `expires_at`: when a pending request lapses, or until when an approved one holds, epoch ms. */
export const RequestView = t.Object({
  ...Ask.properties,
  id: SessionId,
  person: TronAddress,
  state: t.UnionEnum(['pending', 'approved', 'refused', 'expired']),
  asked_at: Natural,
  expires_at: Natural,
  decided_by: t.Optional(TronAddress),
  decided_at: t.Optional(Natural),
})
export type RequestView = typeof RequestView.static
export const Requests = t.Object({ requests: t.Array(RequestView) })
export const RequestParams = t.Object({ id: SessionId, request: SessionId })
export const Answer = t.Object({ approve: t.Boolean() })

/** Why somebody pauses, resumes, ends or voids a session. */
export const Why = t.Object({ reason: EndReason })

export const Process = t.Object({ session: SessionId })
export const Status = t.Object({
  by_state: t.Record(t.String(), t.Integer()),
  in_work: t.Integer(),
})
