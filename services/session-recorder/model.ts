import { t } from 'elysia'
import { Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { BytesParam, EndReason, FlagParam } from '#common/http/session-model'

export const recordingStates = ['recording', 'ending', 'ended', 'failed'] as const

/** One session, under its id. After a failure the source goes on from `acknowledged`, the durable bytes. */
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

/** `whole`: the source gives all again from `offset` on, so that the time it was away is no gap. */
export const StreamQuery = t.Object({ offset: BytesParam, end: FlagParam, whole: t.Optional(FlagParam) })
/** An abnormal end: `reason` becomes that of the gap at the end of the manifest. None, and it was stopped. */
export const Stop = t.Optional(t.Object({ reason: t.Optional(EndReason) }))
export type Stop = typeof Stop.static

export const List = t.Object({ recordings: t.Array(Recording) })
