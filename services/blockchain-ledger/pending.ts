/** A transaction that waits for its block. Hex without prefix, wei as bigint. */
export type Pending = {
  readonly hash: string
  readonly raw: string
  readonly sender: string
  readonly nonce: number
  readonly gas: number
  readonly max_fee: bigint
  readonly value: bigint
  /** Epoch milliseconds: first come, first served. */
  readonly received_at: number
}

/** The nonce that a sender should use next: after the hole-free run that waits. */
export const nextFree = (pending: readonly Pending[], next: number): number => {
  const taken = new Set(pending.map(({ nonce }) => nonce))
  let free = next
  while (taken.has(free)) free += 1
  return free
}
