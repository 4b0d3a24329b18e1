import { t } from 'elysia'
import { Hex32, SessionId } from '#common/evidence/fields'
import { MAX_LEAVES } from '#common/evidence/merkle'
import { IndexParam } from '#common/http/session-model'

const Size = t.Integer({ minimum: 1, maximum: MAX_LEAVES })

/** `leaves`: the prefixed leaf hashes of all chunks, in order. */
export const Build = t.Object({ session: SessionId, leaves: t.Array(Hex32, { minItems: 1, maxItems: MAX_LEAVES }) })
export const Tree = t.Object({ session: SessionId, root: Hex32, chunk_count: Size })
export type Tree = typeof Tree.static

/** The inclusion proof of SPEC section 4. */
export const Proof = t.Object({
  chunk_index: t.Integer({ minimum: 0, maximum: MAX_LEAVES - 1 }),
  leaf: Hex32,
  path: t.Array(t.Object({ hash: Hex32, side: t.Union([t.Literal('L'), t.Literal('R')]) }), { maxItems: 20 }),
  root: Hex32,
  chunk_count: Size,
})
export type Proof = typeof Proof.static

export const Verdict = t.Object({ valid: t.Boolean() })
export const RootParams = t.Object({ session: SessionId })
export const ProofParams = t.Object({ session: SessionId, index: IndexParam })
