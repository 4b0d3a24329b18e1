/** How long to wait before a crashed service is started again. Times are milliseconds. */
export type BackoffPolicy = {
  readonly firstMs: number
  readonly maxMs: number
  /** A process that lived this long is taken to have been well: its crash counts as the first. */
  readonly calmMs: number
}

export const defaultBackoff: BackoffPolicy = { firstMs: 100, maxMs: 30_000, calmMs: 10_000 }

export type Backoff = { readonly crashes: number; readonly delayMs: number }

/** The wait after a crash, doubling with each one that follows at once; `crashes` counts those before it. */
export const nextBackoff = (policy: BackoffPolicy, crashes: number, livedMs: number): Backoff => {
  const before = livedMs >= policy.calmMs ? 0 : crashes
  return { crashes: before + 1, delayMs: Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(before, 30)) }
}
