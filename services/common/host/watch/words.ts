/** Sizes and times as people read them. */

/** Bytes in the largest unit that leaves a whole part: `1.5 GiB`. */
export const sizeText = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  const at = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), units.length - 1)
  const value = bytes / 2 ** (10 * at)
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.floor(value)} ${units[at]}`
}

/** A span of time, ms, in its largest unit: `3 days`, `1 hour`. */
export const spanText = (ms: number): string => {
  const spans = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const
  const [unit, size] = spans.find(([, one]) => ms >= one) ?? ['second', 1000]
  const count = Math.max(Math.floor(ms / size), 0)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** A share from 0 to 1: `87 %`. Rounded down, so that nothing is full before it is. */
export const shareText = (share: number): string => `${Math.floor(share * 100)} %`
