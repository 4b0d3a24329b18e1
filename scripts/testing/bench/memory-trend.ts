import { median } from './stats.ts'

/** Medians of the three parts of a series, and what the parts after the warm-up say. Values as sampled, MiB. */
export type Trend = {
  /** The first third is the warm-up: it counts in nothing. */
  readonly first: number
  readonly middle: number
  readonly last: number
  /** Least-squares slope over the middle and the last third, MiB a minute. */
  readonly slope: number
  readonly verdict: 'flat' | 'growing'
}

/** What the last third may lie above the middle one: the larger of the two. */
export const ALLOWED = { part: 0.1, mib: 10 } as const

export const rule = `flat: the median of the last third is at most ${ALLOWED.part * 100} % or ${ALLOWED.mib} MiB above that of the middle third; the first third is warm-up`

/** Least-squares slope of `values` against their index; 0 for fewer than two. */
const slopeOf = (values: readonly number[]): number => {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const spread = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
  const together = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0)
  return spread === 0 ? 0 : together / spread
}

/** The trend of samples taken every `everyMs`. NaN medians for fewer than three. */
export const trendOf = (samples: readonly number[], everyMs: number): Trend => {
  const third = Math.floor(samples.length / 3)
  const [first, middle, last] = [0, 1, 2].map((part) =>
    median(samples.slice(part * third, part === 2 ? samples.length : (part + 1) * third)),
  ) as [number, number, number] // one for each of the three parts above
  const allowed = Math.max(ALLOWED.mib, ALLOWED.part * middle)
  return {
    first,
    middle,
    last,
    slope: slopeOf(samples.slice(third)) * (60_000 / everyMs),
    verdict: last - middle > allowed ? 'growing' : 'flat',
  }
}

const BARS = '▁▂▃▄▅▆▇█'

/** A series as `width` bars between its smallest and its largest value; each bar is a median. */
export const sparkline = (samples: readonly number[], width: number): string => {
  const cells = Math.min(width, samples.length)
  const medians = Array.from({ length: cells }, (_, i) =>
    median(samples.slice(Math.floor((i * samples.length) / cells), Math.floor(((i + 1) * samples.length) / cells))),
  )
  const [low, high] = [Math.min(...medians), Math.max(...medians)]
  const step = (high - low) / (BARS.length - 1)
  return medians.map((value) => BARS[step === 0 ? 0 : Math.round((value - low) / step)]).join('')
}
