/**
 * The nonces for `count` new transactions: from what the chain expects next (its pool included), above every
 * nonce that a transaction of ours in flight holds already, so that no two of them ever share one.
 */
export const assignNonces = (chainNext: number, inFlight: readonly number[], count: number): readonly number[] => {
  const first = Math.max(chainNext, ...inFlight.map((nonce) => nonce + 1))
  return Array.from({ length: count }, (_, i) => first + i)
}

/**
 * True when what is in flight can never be mined: the chain waits for a nonce below the lowest of them, and
 * none of ours fills it (the chain was replaced, or a reorganisation took an older one away).
 */
export const unreachable = (chainNext: number, inFlight: readonly number[]): boolean =>
  inFlight.length > 0 && Math.min(...inFlight) > chainNext
