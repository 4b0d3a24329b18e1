import { ANCHORS_ADDRESS, type AnchorProof } from '#common/evidence/anchor'
import { sessionIdBytes32 } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import type { Upstream } from './upstream.ts'

const unknown = () => new Fault('missing', 'not-anchored', 'no anchor of this session is on the chain')

/** anchor.json of a session (SPEC section 4). Throws Fault missing `not-anchored`; unavailable `index-ahead`. */
export const anchorProof = async (
  up: Pick<Upstream, 'anchor' | 'proof' | 'chain'>,
  session: string,
): Promise<AnchorProof> => {
  const anchor = await up.anchor(session)
  if (anchor === undefined) throw unknown()
  const [proof, { chain_id }] = await Promise.all([up.proof(anchor.tx_hash), up.chain()])
  if (proof === undefined || proof.block_hash !== anchor.block_hash)
    throw new Fault('unavailable', 'index-ahead', 'index and ledger do not agree yet; try again', { retryAfter: 1000 })
  const { manifest_hash, started_at, owner, merkle_root, chunk_count } = anchor
  return {
    chain_id,
    contract: ANCHORS_ADDRESS,
    tx_hash: anchor.tx_hash,
    tx_index: proof.tx_index,
    block: { number: proof.block_number, hash: proof.block_hash, header_rlp: proof.header_rlp },
    receipt_proof: [...proof.receipt_proof],
    tx_proof: [...proof.tx_proof],
    sealer: { public_key: proof.sealer.public_key, signature: proof.sealer.signature },
    event: {
      sessionId: sessionIdBytes32(session),
      manifestHash: manifest_hash,
      startedAt: started_at,
      owner,
      merkleRoot: merkle_root,
      chunkCount: chunk_count,
    },
  }
}
