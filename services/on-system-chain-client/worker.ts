import type { StoredAnchor } from '#common/evidence/anchors-abi'
import { backoff } from '#common/process/backoff'
import type { Log } from '#common/process/log'
import type { Chain, SeenReceipt, SigningFacts } from './chain.ts'
import type { Finding, JobRecord, Signed } from './job.ts'
import { unreachable } from './nonce.ts'
import type { Learnt, Queue } from './store.ts'

export type WorkerParts = {
  readonly queue: Queue
  readonly chain: Chain
  /** Account of the key: it must be the contract's registrar. */
  readonly account: string
  readonly sign: (job: JobRecord, nonce: number, facts: SigningFacts) => Signed
  /** Blocks that must hold an anchor, its own included, before it counts. */
  readonly confirmations: number
  readonly now: () => number
  readonly log: Log
}

export type Worker = {
  /** One round: settles what is in flight, then signs and sends what is queued. True while more is to do. */
  readonly round: () => Promise<boolean>
  /** Why the chain does not take anchors although it answers; undefined when all is well. */
  readonly trouble: () => string | undefined
}

/** Transactions in flight at once: what one block holds. */
const WINDOW = 100
/** Milliseconds until bytes that the chain took, and did not mine, are sent again. */
const RESEND = { first: 2_000, most: 60_000 } as const

/** `wait`: the chain holds the session, but not by enough blocks yet. */
type Known = Finding | 'wait' | 'absent'

/**
 * The only writer of the queue's states. Nothing it learns depends on an answer having arrived: every round
 * asks the chain anew, and what was signed is on disk before it is sent, so a crash or a lost reply at any
 * point leads to the same bytes being sent again and to the same end.
 */
export const worker = (parts: WorkerParts): Worker => {
  const { queue, chain, account, sign, confirmations, now, log } = parts
  const resendAt = new Map<string, number>()
  let trouble: string | undefined
  let found: string | undefined

  const learn = async (findings: readonly Learnt[]): Promise<void> => {
    if (findings.length === 0) return
    for (const { id: session_id, state, tx_hash, block_number, error } of await queue.learn(findings)) {
      if (state === 'submitted') continue
      resendAt.delete(session_id)
      if (state === 'anchored') log.info('anchored', { session_id, tx_hash, block_number })
      if (state === 'refused') log.error('refused', { session_id, tx_hash, ...error })
      if (state === 'queued') log.warn('signed-anew', { session_id })
    }
  }

  const final = (block: number, head: number) => head - block + 1 >= confirmations

  const lookUp = async (session: string, held: StoredAnchor | undefined, head: number): Promise<Known> => {
    if (held === undefined) return 'absent'
    if (!final(held.block_number, head)) return 'wait'
    const place = await chain.locate(session, held.block_number)
    return place === undefined ? 'wait' : { type: 'registered', content: held, place }
  }

  const settle = async (session: string, receipt: SeenReceipt, head: number): Promise<Known> => {
    const { registered, place, status } = receipt
    if (!final(place.block_number, head)) return 'wait'
    if (registered?.session_id === session) return { type: 'registered', content: registered, place }
    const known = await lookUp(session, (await chain.sessions([session]))[0], head)
    if (known !== 'absent') return known
    const detail =
      status === 0
        ? 'the contract refused the anchor; is the key still the registrar?'
        : 'there is no LucidAnchors contract at its address on this chain'
    return { type: 'reverted', detail }
  }

  const learnt = (session: string, known: Known): readonly Learnt[] =>
    typeof known === 'string' ? [] : [{ session, finding: known }]

  /** For bytes that cannot be mined any more: the session is registered by other means, or signed anew. */
  const displace = async (jobs: readonly JobRecord[], head: number): Promise<void> => {
    const held = await chain.sessions(jobs.map(({ id }) => id))
    // Asked after the sessions: bytes mined in between show in one of the two.
    const receipts = await chain.receipts(jobs.map(({ tx_hash }) => tx_hash ?? ''))
    for (const [i, { id }] of jobs.entries()) {
      if (receipts[i] !== undefined) continue
      const known = await lookUp(id, held[i], head)
      await learn(learnt(id, known === 'absent' ? { type: 'displaced' } : known))
    }
  }

  const send = async (jobs: readonly JobRecord[], head: number): Promise<void> => {
    const replies = await chain.send(jobs.map(({ raw }) => raw ?? ''))
    const taken: Learnt[] = []
    const dead: JobRecord[] = []
    for (const [i, job] of jobs.entries()) {
      const { outcome, message } = replies[i] ?? { outcome: 'refused', message: 'no answer' }
      if (outcome === 'taken') {
        taken.push({ session: job.id, finding: { type: 'sent' } })
        resendAt.set(job.id, now() + backoff(job.attempts, RESEND))
      } else if (outcome === 'spent' || outcome === 'foreign-chain') dead.push(job)
      else found = message
    }
    await learn(taken)
    if (dead.length > 0) await displace(dead, head)
  }

  const tend = async (flying: readonly JobRecord[], head: number): Promise<void> => {
    const receipts = await chain.receipts(flying.map(({ tx_hash }) => tx_hash ?? ''))
    const settled: Learnt[] = []
    const unmined: JobRecord[] = []
    for (const [i, job] of flying.entries()) {
      const receipt = receipts[i]
      if (receipt) settled.push(...learnt(job.id, await settle(job.id, receipt, head)))
      else unmined.push(job)
    }
    await learn(settled)
    const due = unmined.filter(({ id }) => (resendAt.get(id) ?? 0) <= now())
    if (due.length === 0) return
    const { nextNonce } = await chain.facts(account)
    const nonces = unmined.map(({ nonce }) => nonce ?? 0)
    if (unreachable(nextNonce, nonces)) await displace(unmined, head)
    else await send(due, head)
  }

  const begin = async (jobs: readonly JobRecord[], head: number): Promise<void> => {
    const held = await chain.sessions(jobs.map(({ id }) => id))
    const settled: Learnt[] = []
    const fresh: string[] = []
    for (const [i, { id }] of jobs.entries()) {
      const known = await lookUp(id, held[i], head)
      if (known === 'absent') fresh.push(id)
      else settled.push(...learnt(id, known))
    }
    await learn(settled)
    if (fresh.length === 0) return
    const facts = await chain.facts(account)
    if (facts.registrar !== account) {
      found = 'the key of this service is not the registrar of the contract'
      return
    }
    await send(await queue.sign(fresh, facts.nextNonce, (job, nonce) => sign(job, nonce, facts)), head)
  }

  return {
    round: async () => {
      found = undefined
      try {
        const flying = await queue.inFlight()
        const queued = await queue.queued(Math.max(0, WINDOW - flying.length))
        const busy = flying.length > 0 || queued.length > 0
        if (busy) {
          const head = await chain.head()
          if (flying.length > 0) await tend(flying, head)
          if (queued.length > 0) await begin(queued, head)
        }
        if (found !== undefined && found !== trouble) log.warn('chain-refuses', { detail: found })
        return busy
      } finally {
        // Also of a round that failed: an old answer says nothing of a chain or a store that is away since.
        trouble = found
      }
    },
    trouble: () => trouble,
  }
}
