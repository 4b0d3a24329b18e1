import type { Pending } from './pending.ts'

export type Limits = {
  readonly baseFee: bigint
  readonly gas: number
  readonly count: number
  /** Raw bytes of all transactions together. */
  readonly bytes: number
}

const bySender = (pool: Iterable<Pending>): Map<string, Pending[]> => {
  const queues = new Map<string, Pending[]>()
  for (const one of pool) {
    const queue = queues.get(one.sender)
    if (queue) queue.push(one)
    else queues.set(one.sender, [one])
  }
  for (const queue of queues.values()) queue.sort((a, b) => a.nonce - b.nonce)
  return queues
}

/** The first waiting transaction of each sender, where it is the sender's turn. */
const heads = (pool: Iterable<Pending>, nextNonce: (sender: string) => number): readonly Pending[] =>
  [...bySender(pool).values()].flatMap(([first]) => (first && first.nonce === nextNonce(first.sender) ? [first] : []))

/**
 * The transactions of the next block: each sender's in nonce order without a hole, senders in order of
 * arrival, up to the limits. Tips buy nothing: one operator's senders do not bid against each other.
 */
export const select = (
  pool: Iterable<Pending>,
  nextNonce: (sender: string) => number,
  limits: Limits,
): readonly Pending[] => {
  const queues = bySender(pool)
  const expected = new Map([...queues.keys()].map((sender) => [sender, nextNonce(sender)]))
  const chosen: Pending[] = []
  let [gas, bytes] = [0, 0]
  const fits = (one: Pending) =>
    one.nonce === expected.get(one.sender) &&
    one.max_fee >= limits.baseFee &&
    gas + one.gas <= limits.gas &&
    bytes + one.raw.length / 2 <= limits.bytes
  while (chosen.length < limits.count) {
    let best: Pending | undefined
    for (const [first] of queues.values())
      if (first && fits(first) && (best === undefined || first.received_at < best.received_at)) best = first
    if (best === undefined) break
    chosen.push(best)
    gas += best.gas
    bytes += best.raw.length / 2
    expected.set(best.sender, best.nonce + 1)
    queues.get(best.sender)?.shift()
  }
  return chosen
}

/**
 * True when somebody's turn has come but the base fee has risen above what all of them offered. An empty
 * block lowers it; without one they would wait for ever, for blocks come only with transactions.
 */
export const pricedOut = (pool: Iterable<Pending>, nextNonce: (sender: string) => number, baseFee: bigint): boolean => {
  const waiting = heads(pool, nextNonce)
  return waiting.length > 0 && waiting.every((one) => one.max_fee < baseFee)
}
