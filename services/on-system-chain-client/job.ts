import { type AnchorContent, sameContent } from '#common/evidence/anchors-abi'
import type { Job, JobState } from './model.ts'

/** One session's anchor as it is kept. `id` is the session id; `queued_at` is epoch milliseconds. */
export type JobRecord = AnchorContent & {
  readonly id: string
  readonly state: JobState
  readonly queued_at: number
  readonly attempts: number
  readonly nonce?: number
  /** The signed transaction, kept before it is sent, so that every sending sends the same bytes. */
  readonly raw?: string
  readonly tx_hash?: string
  readonly block_number?: number
  readonly block_hash?: string
  /** True from when the chain lost its anchor until it is anchored again. */
  readonly lost?: boolean
  readonly error?: { readonly code: 'anchored-differently' | 'reverted'; readonly detail: string }
}

export type Place = { readonly tx_hash: string; readonly block_number: number; readonly block_hash: string }
export type Signed = { readonly nonce: number; readonly raw: string; readonly tx_hash: string }

/** What was learnt about a job. */
export type Finding =
  | ({ readonly type: 'signed' } & Signed)
  /** The chain took the bytes (again). */
  | { readonly type: 'sent' }
  /** The contract holds the session, final by the confirmations asked for. */
  | { readonly type: 'registered'; readonly content: AnchorContent; readonly place: Place }
  /** Our transaction is in a block and did not register the session, which is not registered otherwise. */
  | { readonly type: 'reverted'; readonly detail: string }
  /** Our bytes can never be in a block: their nonce is spent, unreachable or of another chain. */
  | { readonly type: 'displaced' }
  /** Somebody asks for the same anchor again. */
  | { readonly type: 'asked' }
  /** The chain went back and does not hold the anchor any more. */
  | { readonly type: 'lost' }

type Rule<K extends Finding['type']> = (job: JobRecord, finding: Extract<Finding, { type: K }>) => JobRecord
type Rules = { readonly [K in Finding['type']]?: Rule<K> }

const unsigned = ({ nonce: _nonce, raw: _raw, tx_hash: _hash, error: _error, ...job }: JobRecord): JobRecord => ({
  ...job,
  state: 'queued',
})

const settled: Rule<'registered'> = (job, { content, place }) => {
  const { error: _error, lost: _lost, ...rest } = job
  if (sameContent(job, content)) return { ...rest, ...place, state: 'anchored' }
  const detail = 'the chain holds another manifest for this session; it is never overwritten'
  return { ...rest, state: 'refused', error: { code: 'anchored-differently', detail } }
}

/**
 * The life of a job: queued -> submitted -> anchored | refused, and back to queued when the chain lost the anchor. A finding that a state does not list changes
 * nothing: late and repeated answers are harmless. A job refused because the transaction reverted may be
 * asked for again; one that the chain holds differently may not.
 */
const table: Readonly<Record<JobState, Rules>> = {
  queued: {
    signed: (job, { nonce, raw, tx_hash }) => ({ ...job, state: 'submitted', nonce, raw, tx_hash }),
    registered: settled,
  },
  submitted: {
    sent: (job) => ({ ...job, attempts: job.attempts + 1 }),
    registered: settled,
    reverted: (job, { detail }) => ({ ...job, state: 'refused', error: { code: 'reverted', detail } }),
    displaced: unsigned,
  },
  anchored: {
    registered: (job, finding) => (job.block_hash === finding.place.block_hash ? job : settled(job, finding)),
    lost: ({ block_number: _number, block_hash: _block, ...job }) => ({ ...unsigned(job), lost: true }),
  },
  refused: { asked: (job) => (job.error?.code === 'reverted' ? unsigned(job) : job) },
}

/** The job after a finding; the very same object when the finding changes nothing. */
export const next = (job: JobRecord, finding: Finding): JobRecord => {
  const rule = table[job.state][finding.type] as Rule<Finding['type']> | undefined
  return rule === undefined ? job : rule(job, finding as never)
}

/** What a caller sees of a job. */
export const view = (job: JobRecord): Job => ({
  session_id: job.id,
  state: job.state,
  attempts: job.attempts,
  ...(job.tx_hash === undefined ? {} : { tx_hash: job.tx_hash }),
  ...(job.block_number === undefined || job.block_hash === undefined
    ? {}
    : { block: { number: job.block_number, hash: job.block_hash } }),
  ...(job.error === undefined ? {} : { error: job.error }),
})
