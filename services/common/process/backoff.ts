/** Pauses that grow from `first` to at most `most` ms, `factor` (2 unless given) times as long each. */
export type BackoffRange = { readonly first: number; readonly most: number; readonly factor?: number }

/** The pause after `failures` steps in a row without success, ms; `first` for none. */
export const backoff = (failures: number, { first, most, factor = 2 }: BackoffRange): number =>
  Math.min(most, first * factor ** Math.min(failures, 30))

/** A process that lived `calm` ms was well: its crash counts as the first. */
export type CrashBackoff = BackoffRange & { readonly calm: number }

/** Crashes in a row, the newest included, and the pause before the next start, ms. */
export const nextCrash = (
  { calm, ...range }: CrashBackoff,
  before: number,
  livedMs: number,
): { readonly crashes: number; readonly delayMs: number } => {
  const crashes = livedMs >= calm ? 0 : before
  return { crashes: crashes + 1, delayMs: backoff(crashes, range) }
}

export type RetryOptions = {
  /** Calls in all, the first included; no limit unless given. */
  readonly tries?: number
  /** Whether the same call may go well later. */
  readonly isPassing: (error: unknown) => boolean
  /** Milliseconds before the next call, after `failures` calls that failed; 0 is no pause. */
  readonly delay: (failures: number, error: unknown) => number
  readonly pause: (ms: number) => Promise<unknown>
  /** Told of each failure that another call follows. */
  readonly onRetry?: (error: unknown) => Promise<void> | void
}

/** What `work` answers, called again (with the last error) while it fails in a passing way. Throws the last error. */
export const retry = async <R>(
  work: (before?: unknown) => Promise<R>,
  { tries = Number.POSITIVE_INFINITY, isPassing, delay, pause, onRetry }: RetryOptions,
): Promise<R> => {
  let before: unknown
  for (let failures = 1; ; failures++)
    try {
      return await work(before)
    } catch (error) {
      if (failures >= tries || !isPassing(error)) throw error
      await onRetry?.(error)
      const ms = delay(failures, error)
      if (ms > 0) await pause(ms)
      before = error
    }
}
