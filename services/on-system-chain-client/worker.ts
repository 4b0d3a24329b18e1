import type { Log } from '#common/process/log'
import type { Chain, SigningFacts } from './chain.ts'
import { type Blocks, checkHistory } from './history.ts'
import { type RoundParts, reconcileInFlight, send, toFindings } from './in-flight.ts'
import type { JobRecord, Signed } from './job.ts'
import { lookups } from './lookup.ts'
import { resendSchedule } from './resend.ts'
import type { Queue, SessionFinding } from './store.ts'

export type WorkerParts = {
  readonly queue: Queue
  readonly chain: Chain
  readonly blocks: Blocks
  readonly account: string
  readonly sign: (job: JobRecord, nonce: number, facts: SigningFacts) => Signed
  /** Blocks that must hold an anchor, its own included, before it counts. */
  readonly confirmations: number
  readonly steady: () => number
  readonly log: Log
}

export type Worker = {
  /** One round: looks whether the chain went back, settles what is in flight, then signs and sends what is queued. True while more is to do. */
  readonly round: () => Promise<boolean>
  /** Why the chain does not take anchors although it answers; undefined when all is well. */
  readonly trouble: () => string | undefined
}

/** Transactions in flight at once: what one block holds. */
const WINDOW = 100

const logChange = (log: Log, job: JobRecord): void => {
  const { id: session_id, state, tx_hash, block_number, lost, error } = job
  if (state === 'anchored') log.info('anchored', { session_id, tx_hash, block_number })
  if (state === 'refused') log.error('refused', { session_id, tx_hash, ...error })
  if (state === 'queued') log.warn(lost ? 'anchor-lost' : 'signed-anew', { session_id })
}

/** Looks queued jobs up on the contract, signs and sends the others. Answers why the chain takes none, if so. */
const beginQueued = async (
  parts: RoundParts & Pick<WorkerParts, 'queue' | 'sign'>,
  jobs: readonly JobRecord[],
  head: number,
): Promise<string | undefined> => {
  const { chain, account, lookup, learn, queue, sign } = parts
  const stored = await chain.sessions(jobs.map(({ id }) => id))
  const settled: SessionFinding[] = []
  const fresh: string[] = []
  for (const [i, { id }] of jobs.entries()) {
    const outcome = await lookup.registration(id, stored[i], head)
    if (outcome === 'absent') fresh.push(id)
    else settled.push(...toFindings(id, outcome))
  }
  await learn(settled)
  if (fresh.length === 0) return undefined
  const facts = await chain.facts(account)
  if (facts.registrar !== account) return 'the key of this service is not the registrar of the contract'
  return send(parts, await queue.sign(fresh, facts.nextNonce, (job, nonce) => sign(job, nonce, facts)), head)
}

/**
 * The only writer of the queue's states. Nothing it learns depends on an answer having arrived: every round
 * asks the chain anew, and what was signed is on disk before it is sent, so a crash or a lost reply at any
 * point leads to the same bytes being sent again and to the same end.
 */
export const worker = (given: WorkerParts): Worker => {
  const { queue, chain, blocks, account, sign, confirmations, steady, log } = given
  const schedule = resendSchedule(steady)
  let trouble: string | undefined

  const learn = async (findings: readonly SessionFinding[]): Promise<void> => {
    if (findings.length === 0) return
    for (const job of await queue.learn(findings)) {
      if (job.state === 'submitted') continue
      schedule.forget(job.id)
      logChange(log, job)
    }
  }
  const parts = { chain, account, lookup: lookups(chain, confirmations), schedule, learn, queue, sign }

  return {
    round: async () => {
      let refusal: string | undefined
      try {
        await checkHistory({ queue, chain, blocks, learn, log })
        const flying = await queue.inFlight()
        const queued = await queue.queued(Math.max(0, WINDOW - flying.length))
        if (flying.length === 0 && queued.length === 0) return false
        const head = await chain.head()
        if (flying.length > 0) refusal = await reconcileInFlight(parts, flying, head)
        if (queued.length > 0) refusal = (await beginQueued(parts, queued, head)) ?? refusal
        if (refusal !== undefined && refusal !== trouble) log.warn('chain-refuses', { detail: refusal })
        return true
      } finally {
        // Also of a round that failed: an old answer says nothing of a chain or a store that is away since.
        trouble = refusal
      }
    },
    trouble: () => trouble,
  }
}
