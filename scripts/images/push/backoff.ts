/** Tries of one request, the first included. */
export const TRIES = 6

const FIRST_MS = 250
const LONGEST_MS = 60_000

/** Answers after which the same request may go well. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501)

/**
 * Milliseconds to wait before try `next` (2, 3, ...): what the registry asked for in `Retry-After` (seconds), at most
 * a minute, or a doubling time with up to a quarter more by `random` in [0, 1), so that pushers do not march in step.
 */
export const waitBefore = (next: number, retryAfter: string | null, random: number): number => {
  const asked = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : undefined
  if (asked !== undefined) return Math.min(asked, LONGEST_MS)
  return Math.min(FIRST_MS * 2 ** (next - 2) * (1 + random / 4), LONGEST_MS)
}
