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

/** The next block: each sender's in nonce order, senders in order of arrival, up to the limits; tips buy nothing. */
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

/** True when all offers of whoever is next are below the base fee: only an empty block lowers it. */
export const pricedOut = (pool: Iterable<Pending>, nextNonce: (sender: string) => number, baseFee: bigint): boolean => {
  const waiting = heads(pool, nextNonce)
  return waiting.length > 0 && waiting.every((one) => one.max_fee < baseFee)
}
