import { MAX_LEAVES } from '#common/evidence/merkle'
import { replies, type ServiceParts, service } from '#common/http/service'
import { Build, Proof, ProofParams, RootParams, Tree, Verdict } from './model.ts'
import { holds, type Trees } from './trees.ts'

/** The largest tree, 2^20 leaves of 67 JSON bytes each, and some room. */
const MAX_BODY = 72 * 1024 * 1024

/** A tree of leaves and the session they are of. */
const BOUNDS = { depth: 4, parts: MAX_LEAVES + 16 }

/** The HTTP face of merkle-builder. */
export const routes = ({ trees, parts }: { readonly trees: Trees; readonly parts: ServiceParts }) =>
  service('merkle-builder', { ...parts, maxBody: MAX_BODY, bodyBounds: BOUNDS })
    .post('/build', ({ body }) => trees.build(body.session, body.leaves), {
      body: Build,
      ...replies(Tree, 'session-orchestrator'),
      unaudited: 'a step of the pipeline: session-orchestrator seals the session',
    })
    .get('/root/:session', ({ params }) => trees.root(params.session), {
      params: RootParams,
      ...replies(Tree, 'operator'),
    })
    .get('/proof/:session/:index', ({ params }) => trees.proof(params.session, params.index), {
      params: ProofParams,
      ...replies(Proof, 'operator', 'api-server'),
    })
    .post('/verify', ({ body }) => ({ valid: holds(body) }), {
      body: Proof,
      ...replies(Verdict, 'operator'),
      unaudited: 'changes nothing: a proof is checked',
    })

export type Api = ReturnType<typeof routes>
