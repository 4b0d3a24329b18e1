import { t } from 'elysia'
import { Natural, SessionId } from '#common/evidence/fields'
import { BytesParam, FlagParam, IndexParam } from '#common/http/session-model'

/** `offset`: bytes of the stream before this body. `broken`: its source was lost; no chunk gets the last flag. */
const End = t.Union([t.Literal('true'), t.Literal('false'), t.Literal('broken')])
/** `last_byte_at`: when the body's last byte came from the source, epoch ms; now, unless it is said. */
export const StreamQuery = t.Object({ offset: BytesParam, end: End, last_byte_at: t.Optional(BytesParam) })
export type StreamQuery = typeof StreamQuery.static

/** `acknowledged`: durable bytes; the source keeps what is after them. `last_byte_at`: of the last durable byte. */
export const Streamed = t.Object({
  session: SessionId,
  received: Natural,
  acknowledged: Natural,
  chunk_count: Natural,
  complete: t.Boolean(),
  chunk_size: Natural,
  last_byte_at: t.Optional(Natural),
})
export type Streamed = typeof Streamed.static

export const ChunkQuery = t.Object({ session: SessionId, index: IndexParam, last: FlagParam })
