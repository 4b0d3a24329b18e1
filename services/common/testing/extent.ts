/**
 * How much of a large sweep is run: all of it, or a tenth in `bun run check --fast`, which sets LUCID_FAST. Only
 * for what runs one promise on many cases; every promise is looked at either way.
 */
const PART = process.env['LUCID_FAST'] === '1' ? 10 : 1

/** Number of random cases: `count`, or a tenth of it. */
export const caseCount = (count: number): number => Math.ceil(count / PART)

/** True in `bun run check --full`, which sets LUCID_FULL: sweeps that take hours are run too. */
export const isFull = process.env['LUCID_FULL'] === '1'

/** The points of a sweep: all, or every tenth. */
export const samplePoints = <T>(points: Iterable<T>): readonly T[] =>
  [...points].filter((_, index) => index % PART === 0)
