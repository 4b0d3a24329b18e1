import { endsAbnormally, type Gap, type Manifest } from './manifest.ts'
import { nameRuns, runs } from './placement.ts'
import type { Registration } from './verify-anchor.ts'
import type { AuditReport } from './verify-audit.ts'
import { chunksWithout } from './verify-keys.ts'

/**
 * What a bundle says of its recording: who, when, what is missing, which block holds it, and what of it nobody has
 * checked. As true as the verdict: with verdict 1 it is only what somebody claims. Times epoch ms, `duration` and
 * `missing` ms, `bytes` of plaintext.
 */
export type Statement = {
  readonly session_id: string
  readonly owner: string
  readonly participants: readonly string[]
  readonly observers: readonly string[]
  readonly started_at: number
  readonly ended_at: number
  readonly duration: number
  /** False when the recording broke off: it has no last chunk. */
  readonly has_end: boolean
  readonly gaps: readonly Gap[]
  readonly missing: number
  readonly bytes: number
  readonly chunks: number
  readonly chunks_opened: number
  /** Null when no block proves the registration. `trusted` = sealed by the key given with --trust. */
  readonly chain: {
    readonly chain_id: number
    readonly block_number: number
    readonly block_hash: string
    readonly block_time: number
    readonly tx_hash: string
    readonly tx_proven: boolean
    readonly sealer: string
    readonly trusted: boolean
  } | null
  readonly not_checked: readonly string[]
}

/** What the verifier found out, to be stated. */
export type Findings = {
  readonly manifest: Manifest
  readonly registration: Registration | undefined
  readonly opened: ReadonlySet<number>
  readonly trust: string | undefined
  readonly audit: AuditReport
  /** The bundle holds a key that is sealed to its owner, and nobody tried to open it. */
  readonly sealed: boolean
}

const contentNotChecked = ({ manifest: { chunk_count }, opened }: Findings): readonly string[] => {
  if (opened.size === chunk_count) return []
  const which =
    opened.size === 0
      ? `none of the ${chunk_count} was opened`
      : `${nameRuns(runs(chunksWithout(chunk_count, opened)))} not opened`
  return [`what is in the chunks: ${which}`]
}

const chainNotChecked = ({ registration, trust }: Findings): readonly string[] => {
  if (registration === undefined) return ['when it was recorded: no block bounds the times']
  return [
    ...(trust === undefined ? ['whether the ledger sealed the block: no --trust was given'] : []),
    ...(registration.txProven ? [] : ['tx_hash: a label, the anchor brings no proof of it']),
    'the times themselves: the recorder’s word, bounded by the block',
  ]
}

const sealedNotChecked = ({ sealed }: Findings): readonly string[] =>
  sealed ? ['keys.sealed.json: what is sealed in it, no --owner-key was given'] : []

const auditNotChecked = ({ manifest: { policy_hash }, audit }: Findings): readonly string[] => {
  if (audit.withheld === 'all')
    return [`audit_root${policy_hash === null ? '' : ', policy_hash'}: what they stand for is not in the bundle`]
  return audit.withheld === 0 ? [] : [`what ${audit.withheld} events of audit.jsonl say: it is withheld`]
}

const labels: readonly string[] = ['recorder_version, device_fingerprint: labels of the recorder']

const chainOf = ({ registration, trust }: Findings): Statement['chain'] => {
  if (registration === undefined) return null
  const { anchor, blockTime, txProven } = registration
  return {
    chain_id: anchor.chain_id,
    block_number: anchor.block.number,
    block_hash: anchor.block.hash,
    block_time: blockTime,
    tx_hash: anchor.tx_hash,
    tx_proven: txProven,
    sealer: anchor.sealer.public_key,
    trusted: anchor.sealer.public_key === trust,
  }
}

/** Puts together what there is to be said beside the verdict. */
export const buildStatement = (findings: Findings): Statement => {
  const { manifest, opened } = findings
  const { session_id, owner, participants, observers, started_at, ended_at, gaps } = manifest
  return {
    session_id,
    owner,
    participants,
    observers,
    started_at,
    ended_at,
    duration: ended_at - started_at,
    has_end: !endsAbnormally(manifest),
    gaps,
    missing: gaps.reduce((sum, { from, to }) => sum + to - from, 0),
    bytes: manifest.total_plain,
    chunks: manifest.chunk_count,
    chunks_opened: opened.size,
    chain: chainOf(findings),
    not_checked: [
      ...[contentNotChecked, sealedNotChecked, chainNotChecked].flatMap((find) => find(findings)),
      ...labels,
      ...auditNotChecked(findings),
    ],
  }
}
