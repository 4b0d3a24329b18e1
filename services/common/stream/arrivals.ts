/** When the bytes of a stream came from its source, which evidence states; never when they were sent on. */
export type Arrivals = {
  /** Everything before offset `end` had come at `at`, epoch ms. Offsets and times only grow. */
  readonly add: (end: number, at: number) => void
  readonly timeOf: (end: number) => number | undefined
  /** Everything before offset `end` is asked for no more. */
  readonly forget: (end: number) => void
}

/** Bytes that come within this time count as one arrival, ms: it bounds memory, and what a gap may be wrong by. */
const RESOLUTION = 50

/** Arrivals of the bytes after offset `start`; the byte before it came at `startAt`, where that is known. */
export const arrivals = (start: number, startAt?: number): Arrivals => {
  type Mark = { readonly since: number; readonly end: number; readonly at: number }
  let marks: Mark[] = startAt === undefined ? [] : [{ since: startAt, end: start, at: startAt }]
  let known = startAt === undefined ? start : start - 1

  return {
    add: (end, at) => {
      const last = marks.at(-1)
      if (last !== undefined && last.end > start && at - last.since < RESOLUTION)
        marks[marks.length - 1] = { ...last, end, at }
      else marks.push({ since: at, end, at })
    },
    timeOf: (end) => (end <= known ? undefined : marks.find((mark) => mark.end >= end)?.at),
    forget: (end) => {
      known = Math.max(known, end - 1)
      marks = marks.filter((mark) => mark.end >= end)
    },
  }
}
