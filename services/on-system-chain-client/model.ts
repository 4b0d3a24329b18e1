import { type Static, t } from 'elysia'
import { SessionId } from '#common/evidence/fields'

/** Wire contract of the anchor queue. Hex is lower case without prefix. Bounds are those of LucidAnchors. */
const hashOf = (description: string) =>
  t.String({ pattern: '^(?!0{64}$)[0-9a-f]{64}$', description: `${description}; never all zero` })

export const AnchorRequest = t.Object({
  session_id: SessionId,
  manifest_hash: hashOf('BLAKE3 of the canonical manifest'),
  started_at: t.Integer({ minimum: 0, maximum: 2 ** 43 - 1, description: 'epoch milliseconds' }),
  owner: t.String({ pattern: '^[0-9a-f]{40}$', description: 'body of the TRON address' }),
  merkle_root: hashOf('root over the chunk leaves'),
  chunk_count: t.Integer({ minimum: 1, maximum: 2 ** 21 - 1 }),
})
export type AnchorRequest = Static<typeof AnchorRequest>

export const JobState = t.Union([
  t.Literal('queued'),
  t.Literal('submitted'),
  t.Literal('anchored'),
  t.Literal('refused'),
])
export type JobState = Static<typeof JobState>

export const Job = t.Object({
  session_id: SessionId,
  state: JobState,
  tx_hash: t.Optional(hashOf('transaction that carries or carried the anchor')),
  block: t.Optional(t.Object({ number: t.Integer({ minimum: 0 }), hash: hashOf('block of the anchor') })),
  attempts: t.Integer({ minimum: 0, description: 'times that the chain took the transaction' }),
  error: t.Optional(
    t.Object({ code: t.String({ description: 'anchored-differently | reverted' }), detail: t.String() }),
  ),
})
export type Job = Static<typeof Job>

export const History = t.Object({
  number: t.Integer({ minimum: 0, description: 'newest block when the chain was last looked at' }),
  hash: hashOf('hash of that block'),
  went_back: t.Integer({ minimum: 0, description: 'times that the chain was found put back to older data' }),
})
export type History = Static<typeof History>
