import { type Static, t } from 'elysia'
import { Hex20 } from '#common/evidence/fields'
import { Block, ChainFacts, Head } from '#common/http/chain-model'

/** Public wire contract: that of the chain (common/http/chain-model.ts), and JSON-RPC. */
export const Chain = t.Object({ ...ChainFacts.properties, contract: Hex20 })
export const BlockList = t.Object({ blocks: t.Array(Block), head: Head })
export const BlocksQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
  from: t.Optional(t.Integer({ minimum: 0, description: 'first block; the last ones when left out' })),
})
export type BlocksQuery = Static<typeof BlocksQuery>

const RpcAnswer = t.Object({
  jsonrpc: t.Literal('2.0'),
  id: t.Union([t.String(), t.Number(), t.Null()]),
  result: t.Optional(t.Unknown()),
  error: t.Optional(t.Object({ code: t.Integer(), message: t.String(), data: t.Optional(t.Unknown()) })),
})
/** One answer, one a call of a batch, or nothing when only notifications came. */
export const RpcAnswers = t.Union([RpcAnswer, t.Array(RpcAnswer)])
