import { type Static, t } from 'elysia'

/** Wire contract of the anchor index. Bytes are lower-case hex without prefix, `started_at` is epoch milliseconds. */
const hexOf = (bytes: number, description: string) => t.String({ pattern: `^[0-9a-f]{${2 * bytes}}$`, description })
const Count = t.Integer({ minimum: 0 })
const SessionId = t.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
  description: 'lower-case UUIDv4',
})

const where = {
  tx_hash: hexOf(32, 'transaction that emitted the event'),
  block_number: Count,
  block_hash: hexOf(32, 'block that holds the transaction'),
  log_index: t.Integer({ minimum: 0, description: 'position among all logs of the block' }),
}

export const Anchor = t.Object({
  session_id: SessionId,
  manifest_hash: hexOf(32, 'BLAKE3 of the canonical manifest'),
  merkle_root: hexOf(32, 'root over the chunk leaves'),
  owner: hexOf(20, 'body of the TRON address'),
  started_at: Count,
  chunk_count: t.Integer({ minimum: 1 }),
  ...where,
})
export type Anchor = Static<typeof Anchor>

export const Chunk = t.Object({
  session_id: SessionId,
  index: Count,
  leaf: hexOf(32, 'prefixed leaf hash'),
  ...where,
})
export type Chunk = Static<typeof Chunk>

export const SessionParams = t.Object({ session: SessionId })

export const AnchorsQuery = t.Object({
  owner: t.Optional(hexOf(20, 'only sessions of this owner')),
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  after: t.Optional(t.Integer({ minimum: 0, description: '`next` of the page before' })),
})
export type AnchorsQuery = Static<typeof AnchorsQuery>

export const AnchorPage = t.Object({
  anchors: t.Array(Anchor),
  next: t.Optional(t.Integer({ minimum: 0, description: 'pass as `after`; absent on the last page' })),
})
export type AnchorPage = Static<typeof AnchorPage>

export const ChunksQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 1000 }),
  from: t.Integer({ minimum: 0, default: 0, description: 'lowest chunk index to list' }),
})
export const ChunkPage = t.Object({ chunks: t.Array(Chunk) })

export const ReplayRequest = t.Object({ from: Count })

export const Difference = t.Object({
  block_number: Count,
  id: t.String({ description: 'session id, or session id:chunk index' }),
  what: t.Union([t.Literal('missing'), t.Literal('extra'), t.Literal('altered')], {
    description: 'missing in the index, not on the chain, or stored with other values',
  }),
})
export type Difference = Static<typeof Difference>

export const Replay = t.Object({
  from: Count,
  until: t.Integer({ minimum: -1, description: 'last block to check' }),
  next: Count,
  done: t.Boolean(),
  checked: t.Integer({ minimum: 0, description: 'events compared' }),
  differed: t.Integer({ minimum: 0, description: 'events that differed and were repaired' }),
  differences: t.Array(Difference, { description: 'the first hundred of them' }),
})
export type Replay = Static<typeof Replay>

export const Progress = t.Object({
  indexed: t.Integer({ minimum: -1, description: 'last block indexed; -1 before the first' }),
  head: t.Integer({ minimum: -1, description: 'last block the ledger reported; -1 before it did' }),
  caught_up: t.Boolean(),
  replay: t.Optional(Replay),
})
export type Progress = Static<typeof Progress>
