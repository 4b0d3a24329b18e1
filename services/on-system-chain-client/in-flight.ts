import { sortReplies } from './answer.ts'
import type { Chain } from './chain.ts'
import type { JobRecord } from './job.ts'
import type { Lookups, Outcome } from './lookup.ts'
import { unreachable } from './nonce.ts'
import type { ResendSchedule } from './resend.ts'
import type { SessionFinding } from './store.ts'

/** What the steps of a round share. */
export type RoundParts = {
  readonly chain: Chain
  readonly account: string
  readonly lookup: Lookups
  readonly schedule: ResendSchedule
  readonly learn: (findings: readonly SessionFinding[]) => Promise<void>
}

/** An outcome as something to learn; to wait, or an absent session, is nothing. */
export const toFindings = (session: string, outcome: Outcome): readonly SessionFinding[] =>
  typeof outcome === 'string' ? [] : [{ session, finding: outcome }]

/** For bytes that cannot be mined any more: the session is registered by other means, or signed anew. */
const displace = async (parts: RoundParts, jobs: readonly JobRecord[], head: number): Promise<void> => {
  const { chain, lookup, learn } = parts
  const stored = await chain.sessions(jobs.map(({ id }) => id))
  // Asked after the sessions: bytes mined in between show in one of the two.
  const receipts = await chain.receipts(jobs.map(({ tx_hash }) => tx_hash ?? ''))
  for (const [i, { id }] of jobs.entries()) {
    if (receipts[i] !== undefined) continue
    const outcome = await lookup.registration(id, stored[i], head)
    await learn(toFindings(id, outcome === 'absent' ? { type: 'displaced' } : outcome))
  }
}

/** Sends signed bytes, for the first time or again. Answers why the chain did not take some, if it did not. */
export const send = async (
  parts: RoundParts,
  jobs: readonly JobRecord[],
  head: number,
): Promise<string | undefined> => {
  const { chain, schedule, learn } = parts
  const replies = await chain.send(jobs.map(({ raw }) => raw ?? ''))
  const { taken, dead, refusal } = sortReplies(jobs, replies)
  for (const job of taken) schedule.markSent(job)
  await learn(taken.map(({ id }) => ({ session: id, finding: { type: 'sent' } })))
  if (dead.length > 0) await displace(parts, dead, head)
  return refusal
}

/** Settles what is in flight by its receipts, and sends again what the chain forgot. Answers as `send`. */
export const reconcileInFlight = async (
  parts: RoundParts,
  jobs: readonly JobRecord[],
  head: number,
): Promise<string | undefined> => {
  const { chain, account, lookup, schedule, learn } = parts
  const receipts = await chain.receipts(jobs.map(({ tx_hash }) => tx_hash ?? ''))
  const settled: SessionFinding[] = []
  for (const [i, { id }] of jobs.entries()) {
    const receipt = receipts[i]
    if (receipt) settled.push(...toFindings(id, await lookup.transaction(id, receipt, head)))
  }
  await learn(settled)
  const unmined = jobs.filter((_, i) => receipts[i] === undefined)
  const due = unmined.filter(schedule.isDue)
  if (due.length === 0) return undefined
  const { nextNonce } = await chain.facts(account)
  const nonces = unmined.map(({ nonce }) => nonce ?? 0)
  if (!unreachable(nextNonce, nonces)) return send(parts, due, head)
  await displace(parts, unmined, head)
  return undefined
}
