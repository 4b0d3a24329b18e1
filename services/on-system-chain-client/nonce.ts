/** The nonces for `count` new transactions: from the chain's next on, above every one of ours in flight. */
export const assignNonces = (chainNext: number, inFlight: readonly number[], count: number): readonly number[] => {
  const first = Math.max(chainNext, ...inFlight.map((nonce) => nonce + 1))
  return Array.from({ length: count }, (_, i) => first + i)
}

/** True when what is in flight can never be mined: the chain waits for a nonce below, which none of ours has. */
export const unreachable = (chainNext: number, inFlight: readonly number[]): boolean =>
  inFlight.length > 0 && Math.min(...inFlight) > chainNext
