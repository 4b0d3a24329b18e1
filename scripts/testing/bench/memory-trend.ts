import { median } from './stats.ts'

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

/**
 * The trend of samples taken every `everyMs`: medians of its three parts, of which the first is the warm-up and counts in
 * nothing else, and the least-squares slope over the others, in units a minute. NaN medians for fewer than three.
 */
export const trendOf = (samples: readonly number[], everyMs: number) => {
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
