import { backoff } from '#common/process/backoff'
import type { JobRecord } from './job.ts'

/** Milliseconds until bytes that the chain took, and did not mine, are sent again. */
const RESEND = { first: 2_000, most: 60_000 } as const

/** When the bytes of a job are due, by a clock that only goes forward, ms. Memory only: after a restart all of them are. */
export const resendSchedule = (steady: () => number) => {
  const dueAt = new Map<string, number>()
  return {
    markSent: ({ id, attempts }: Pick<JobRecord, 'id' | 'attempts'>): void =>
      void dueAt.set(id, steady() + backoff(attempts, RESEND)),
    isDue: ({ id }: Pick<JobRecord, 'id'>): boolean => (dueAt.get(id) ?? 0) <= steady(),
    forget: (id: string): void => void dueAt.delete(id),
  }
}

export type ResendSchedule = ReturnType<typeof resendSchedule>
