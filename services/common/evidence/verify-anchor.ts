import { isFault } from '../process/fault.ts'
import {
  type AnchorDocument,
  type AnchorProof,
  eventDifferences,
  expectedEvent,
  isPending,
  type ProvenAnchor,
  verifyAnchor,
} from './anchor.ts'
import type { Check } from './check.ts'
import { formatTime } from './times.ts'
import { type DocumentOrFault, type HashedManifest, line } from './verify-documents.ts'

/** An anchor that holds and is this session's, with what it proves. */
export type Registration = ProvenAnchor & { readonly anchor: AnchorProof }

/** The line on the anchor; with the registration where the chain, by whichever key, holds this very manifest. */
export type AnchorJudgement = { readonly check: Check; readonly registration?: Registration }

const judgeSealer = ({ anchor: { block, sealer }, blockTime }: Registration, trust: string | undefined): Check => {
  const where = `block ${block.number} ${block.hash} of ${formatTime(blockTime)}`
  if (trust === undefined)
    return line(
      'anchor',
      'warn',
      `self-asserted: ${where}, sealed by ${sealer.public_key}; --trust tells whether that is the ledger`,
    )
  return sealer.public_key === trust
    ? line('anchor', true, `${where}, sealed by the trusted ledger key`)
    : line('anchor', false, `anchor not trusted: ${where} is sealed by ${sealer.public_key}, not by the trusted key`)
}

/** Judges the anchor. `trust` = the ledger key that the verifier knows, 32 bytes as hex. */
export const judgeAnchor = (
  { manifest, hash }: HashedManifest,
  document: DocumentOrFault<AnchorDocument>,
  trust: string | undefined,
): AnchorJudgement => {
  if ('fault' in document) return { check: line('anchor', false, `anchor unreadable: ${document.fault}`) }
  const anchor = document.value
  if (isPending(anchor))
    return { check: line('anchor', 'warn', 'not anchored: its registration on the chain is pending') }
  try {
    const registration = { anchor, ...verifyAnchor(anchor) }
    const differences = eventDifferences(anchor.event, expectedEvent(manifest, hash))
    if (differences.length === 0) return { check: judgeSealer(registration, trust), registration }
    const detail = `anchor mismatch: the chain holds another ${differences.join(', ')} than the manifest`
    return { check: line('anchor', false, detail) }
  } catch (error) {
    if (!isFault(error)) throw error
    const what = isFault(error, 'anchor-event') ? 'anchor mismatch' : 'anchor does not hold'
    return { check: line('anchor', false, `${what}: ${error.message}`) }
  }
}
