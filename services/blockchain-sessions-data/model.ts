import { type Static, t } from 'elysia'
import { Hex32, Natural, SessionId } from '#common/evidence/fields'
import { eventPlace } from '#common/http/chain-model'

/** Wire contract of the anchor index, beside what all services of the chain share (common/http/chain-model.ts). */
export const Chunk = t.Object({ session_id: SessionId, index: Natural, leaf: Hex32, ...eventPlace })
export type Chunk = Static<typeof Chunk>

export const ChunksQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 1000, default: 1000 }),
  from: t.Integer({ minimum: 0, default: 0, description: 'lowest chunk index to list' }),
})
export const ChunkPage = t.Object({ chunks: t.Array(Chunk) })

export const ReplayRequest = t.Object({ from: Natural })

export const Difference = t.Object({
  block_number: Natural,
  id: t.String({ description: 'session id, or session id:chunk index' }),
  what: t.Union([t.Literal('missing'), t.Literal('extra'), t.Literal('altered')], {
    description: 'missing in the index, not on the chain, or stored with other values',
  }),
})
export type Difference = Static<typeof Difference>

export const Replay = t.Object({
  from: Natural,
  until: t.Integer({ minimum: -1, description: 'last block to check' }),
  next: Natural,
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
