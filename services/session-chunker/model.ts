import { t } from 'elysia'
import { Natural, SessionId } from '#common/evidence/fields'
import { BytesParam, FlagParam, IndexParam } from '#common/http/session-model'

/**
 * `offset`: bytes of the plain stream before this body. `end`: whether the body's end is the end of the
 * recording; `broken` when it ends there because its source was lost: no chunk then gets the last flag.
 */
const End = t.Union([t.Literal('true'), t.Literal('false'), t.Literal('broken')])
/** `last_byte_at`: when the body's last byte came from the source, epoch ms; now, unless it is said. */
export const StreamQuery = t.Object({ offset: BytesParam, end: End, last_byte_at: t.Optional(BytesParam) })
export type StreamQuery = typeof StreamQuery.static

/**
 * `received`: bytes taken in. `acknowledged`: bytes that are durable; the source keeps everything after
 * them. `complete`: the last chunk is durable. `last_byte_at`: when the last durable byte came from its source.
 */
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
