import type { Registered } from '#common/evidence/anchors-abi'
import { ownerBytes } from '#common/evidence/owner'
import type { SessionDoc } from './store.ts'

/** What is asked to be anchored; the same again is the same job. */
export type AnchorRequest = Registered

export type AnchorJob = {
  readonly state: 'queued' | 'submitted' | 'anchored' | 'refused'
  readonly tx_hash?: string
  readonly block?: { readonly number: number; readonly hash: string }
  readonly error?: { readonly code: string; readonly detail: string }
}

/** The anchor of a session whose manifest is signed; undefined for one without. */
export const anchorRequest = (doc: SessionDoc): AnchorRequest | undefined => {
  const { id, merkle_root, manifest_hash, chunk_count, started_at } = doc
  if (merkle_root === undefined || manifest_hash === undefined || chunk_count === undefined) return undefined
  const owner = ownerBytes(doc.owner).toHex()
  return { session_id: id, manifest_hash, started_at, owner, merkle_root, chunk_count }
}

/** What an answer of the chain means for the session: its anchor, why it fails, or that the chain takes its time. */
export const readAnchorJob = ({
  state,
  tx_hash,
  block,
  error,
}: AnchorJob): { readonly anchor?: NonNullable<SessionDoc['anchor']>; readonly fault?: string } => {
  if (state === 'refused') return { fault: `the chain refused the anchor: ${error?.detail ?? 'unknown'}` }
  if (state !== 'anchored' || tx_hash === undefined || block === undefined) return {}
  return { anchor: { tx_hash, block } }
}
