/**
 * What holds between the times of a session (SPEC section 4): start <= end <= time of the block + skew, and gaps
 * inside the session, in order, disjoint. Times are the recorder's word; only these bounds can be checked. All epoch ms.
 */

/** How far the recorder's clock may be ahead of the ledger's, ms. */
export const CLOCK_SKEW = 10 * 60 * 1000

/** The last instant that a Date can name (ECMAScript 21.4.1.1). */
const LAST_DATE = 8.64e15

/** A time as `2025-10-09T08:53:20.000Z`; what no calendar names stays a number. */
export const formatTime = (ms: number): string => (ms <= LAST_DATE ? new Date(ms).toISOString() : `${ms} ms after 1970`)

type Times = { readonly started_at: number; readonly ended_at: number }
type Gap = { readonly at: number; readonly from: number; readonly to: number }

/** The sentence on a session that ends before it starts. */
export const timeFaults = ({ started_at, ended_at }: Times): readonly string[] =>
  started_at <= ended_at
    ? []
    : [`the session ends (${formatTime(ended_at)}) before it starts (${formatTime(started_at)})`]

/** The sentence on a session that goes on after the block that was sealed when it had ended. */
export const lateFaults = ({ ended_at }: Times, blockTime: number): readonly string[] =>
  ended_at <= blockTime + CLOCK_SKEW
    ? []
    : [
        `untrue: the session says that it ended at ${formatTime(ended_at)}, its block was sealed at ${formatTime(blockTime)}; clocks may differ by 10 min`,
      ]

/** What is wrong with each gap. It may touch the next one and have no length: clocks count whole milliseconds. */
export const gapFaults = ({
  gaps,
  chunk_count,
  started_at,
  ended_at,
}: Times & { readonly gaps: readonly Gap[]; readonly chunk_count: number }): readonly string[] =>
  gaps.flatMap((gap, n) => {
    const before = gaps[n - 1]
    return [
      ...(gap.at <= chunk_count ? [] : [`gap ${n} stands behind the end`]),
      ...(gap.from <= gap.to ? [] : [`gap ${n} ends before it starts`]),
      ...(gap.from >= started_at && gap.to <= ended_at
        ? []
        : [
            `gap ${n} (${formatTime(gap.from)} to ${formatTime(gap.to)}) lies outside the session (${formatTime(started_at)} to ${formatTime(ended_at)})`,
          ]),
      ...(before === undefined || gap.at >= before.at ? [] : [`gap ${n} is out of order`]),
      ...(before === undefined || gap.from >= before.to ? [] : [`gap ${n} begins before gap ${n - 1} is over`]),
    ]
  })
