import { t } from 'elysia'
import { Hex32, Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { BytesParam, ChunkRecord, FlagParam, IndexParam, WholeParam } from '#common/http/session-model'

export const NewSession = t.Object({
  session: SessionId,
  owner: TronAddress,
  owner_x25519: t.Optional(Hex32),
  chunk_size: t.Integer({ minimum: 1024, maximum: 16 * 1024 * 1024 }),
})
export type NewSession = typeof NewSession.static

/** How far a session is durable. `last` is true once the chunk with the last flag is. */
export const Progress = t.Object({
  session: SessionId,
  chunk_size: Natural,
  chunk_count: Natural,
  total_plain: Natural,
  total_cipher: Natural,
  last: t.Boolean(),
  sealed: t.Boolean(),
  last_at: t.Optional(Natural),
  /** When the last durable byte came from its source, epoch ms; when it was committed, where the sender did not say. */
  last_byte_at: t.Optional(Natural),
})
export type Progress = typeof Progress.static

/** The right to append: chunks of an older epoch are refused from now on. */
export const Writer = t.Object({ epoch: Natural, ...Progress.properties })

export const EncryptQuery = t.Object({
  session: SessionId,
  index: IndexParam,
  epoch: BytesParam,
  flags: WholeParam(0, 255),
  plain: BytesParam,
  broken: t.Optional(FlagParam),
  /** When the chunk's last byte came from the source, epoch ms. */
  last_byte_at: t.Optional(BytesParam),
})
export type EncryptQuery = typeof EncryptQuery.static

export const PageQuery = t.Object({ from: t.Optional(IndexParam), limit: t.Optional(WholeParam(1, 1000)) })
export const Page = t.Object({ chunks: t.Array(ChunkRecord), chunk_count: Natural })

/** The owner's leave, signed with their TRON key; `expires` epoch ms. */
export const Grant = t.Object({
  expires: Natural,
  signature: t.String({ pattern: '^[0-9a-f]{130}$', description: 'TRON message signature r, s, v' }),
})
export type Grant = typeof Grant.static
export const KeyRequest = t.Object({ grant: Grant })
export const SessionKey = t.Object({ session: SessionId, session_key: Hex32 })
export const DecryptRequest = t.Object({ session: SessionId, index: t.Integer({ minimum: 0 }), grant: Grant })
