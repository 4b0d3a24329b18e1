import { backoff } from '#common/process/backoff'

/** Tries of one request, the first included. */
export const TRIES = 6

const RANGE = { first: 250, most: 60_000 } as const

/** Answers after which the same request may go well. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501)

/** Ms to wait before try `next`: `Retry-After`, at most a minute, or a doubling time, up to a quarter more. */
export const waitBefore = (next: number, retryAfter: string | null, random: number): number => {
  const asked = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : undefined
  if (asked !== undefined) return Math.min(asked, RANGE.most)
  return Math.min(backoff(next - 2, RANGE) * (1 + random / 4), RANGE.most)
}
