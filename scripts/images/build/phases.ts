import { errorMessage } from '#common/process/error'
import { inParallel } from '#common/stream/limiter'
/** Work in phases: those of one phase side by side, the phases one after the other, and the first failure ends it. */

export type Phased = { readonly name: string; readonly phase: number }

/** Where and why it ended. */
export class PhaseError extends Error {
  readonly service: string
  readonly phase: number

  constructor({ name, phase }: Phased, cause: unknown) {
    super(`phase ${phase}, ${name}: ${errorMessage(cause)}`, { cause })
    this.name = 'PhaseError'
    // The place that matters is where the work failed.
    if (cause instanceof Error && cause.stack !== undefined) this.stack = `${this.message}\n${cause.stack}`
    this.service = name
    this.phase = phase
  }
}

/** Groups in the order of their phases. */
export const groupPhases = <T extends Phased>(items: readonly T[]): readonly (readonly T[])[] =>
  [...Map.groupBy(items, ({ phase }) => phase)].sort(([a], [b]) => a - b).map(([, group]) => group)

/** Runs `work` on every item, at most `jobs` at once. After a failure nothing more is begun; throws PhaseError. */
export const runPhases = async <T extends Phased>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  for (const group of groupPhases(items))
    await inParallel(group, Math.max(1, jobs), (item) =>
      work(item).catch((error: unknown) => {
        throw new PhaseError(item, error)
      }),
    )
}
