/** The middle of a sample; the mean of the two middle ones for an even count. NaN for none. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? Number.NaN : (upper + lower) / 2
}

/** The least value that at least the share `q` (0 to 1) of a sample does not exceed: nearest rank. NaN for none. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

/** How many values are at most each edge and above the one before; the last count is of those above all edges. */
export const histogram = (values: readonly number[], edges: readonly number[]): readonly number[] => {
  const counts = Array.from({ length: edges.length + 1 }, () => 0)
  for (const value of values) {
    const at = edges.findIndex((edge) => value <= edge)
    const slot = at < 0 ? edges.length : at
    counts[slot] = (counts[slot] ?? 0) + 1
  }
  return counts
}

/** How often each `ours[i]` fits into `theirs[i]`, as a median over pairs: above 1 we are faster. */
export const medianRatio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.flatMap((ms, i) => (theirs[i] === undefined ? [] : [theirs[i] / ms])))

const units: Readonly<Record<string, number>> = { '': 1, KIB: 1024, MIB: 1024 ** 2, GIB: 1024 ** 3 }

/** `512MiB`, `2 GiB` or plain bytes as a number; undefined for anything else. */
export const parseSize = (text: string): number | undefined => {
  const [, digits, unit] = /^(\d+)\s*([kmg]ib)?$/i.exec(text.trim()) ?? []
  const factor = units[(unit ?? '').toUpperCase()]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}
