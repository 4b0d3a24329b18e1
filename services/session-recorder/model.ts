import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { BytesParam, EndReason, FlagParam } from '#common/http/session-model'
import { SignedPolicy } from '#common/policy/signature'

export const recordingStates = ['recording', 'ending', 'ended', 'failed'] as const
export type RecordingState = (typeof recordingStates)[number]

const People = t.Optional(t.Array(TronAddress, { maxItems: 100, uniqueItems: true }))

/** Who owns the recording; with an X25519 key the session key is also sealed to them. */
export const Start = t.Object({
  /** The id of its session, chosen by who asks, so that asking again begins no second one. */
  id: t.Optional(SessionId),
  owner: TronAddress,
  owner_x25519: t.Optional(Hex32),
  participants: People,
  observers: People,
  /** What people may do in its session, signed by the owner; says who may join, instead of the two above. */
  policy: t.Optional(SignedPolicy),
})
export type Start = typeof Start.static

/**
 * `received`: bytes taken in from the source. `acknowledged`: bytes that are durable; after a failure the
 * source goes on from there. One recording is one session and has its id.
 */
export const Recording = t.Object({
  id: SessionId,
  state: t.UnionEnum(recordingStates),
  owner: TronAddress,
  received: Natural,
  acknowledged: Natural,
  chunks: Natural,
  complete: t.Boolean(),
  started_at: Natural,
  error: t.Optional(t.String()),
})
export type Recording = typeof Recording.static

/**
 * `whole`: the source kept what it had sent and gives it again from `offset` on, so that the time it was away is no gap.
 */
export const StreamQuery = t.Object({ offset: BytesParam, end: FlagParam, whole: t.Optional(FlagParam) })
/** An abnormal end: `reason` becomes that of the gap at the end of the manifest. None, and it was stopped. */
export const Stop = t.Optional(t.Object({ reason: t.Optional(EndReason) }))
export type Stop = typeof Stop.static

export const List = t.Object({ recordings: t.Array(Recording) })
