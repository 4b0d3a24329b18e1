import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { BytesParam, EndReason, StreamGap, WholeParam } from '#common/http/session-model'
import { Opening, Session, states } from '#common/http/session-view'

export const NewSession = t.Object({
  ...Opening.properties,
  recorder_version: t.String({ minLength: 1, maxLength: 64 }),
  device_fingerprint: Hex32,
})
export type NewSession = typeof NewSession.static

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

/** Why somebody pauses, resumes, ends or voids a session. */
export const Why = t.Object({ reason: EndReason })

export const Process = t.Object({ session: SessionId })
export const Status = t.Object({ by_state: t.Record(t.String(), t.Integer()), in_work: t.Integer() })
