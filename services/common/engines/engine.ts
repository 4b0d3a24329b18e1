import { errorMessage } from '../process/error.ts'
/** An implementation that was not taken, and why: missing on this machine, or it failed its known-answer test. */
export type Rejected = { readonly name: string; readonly reason: string }

/** The first line of an error, for a `Rejected` reason. */
export const firstLine = (error: unknown): string => {
  const text = errorMessage(error)
  return text.split('\n', 1)[0] ?? 'unknown error'
}
