import { bytes, duration, plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Line, type Text, text } from '#common/cli/text'
import { figures, verdict, words } from './report.ts'
import { histogram, quantile } from './stats.ts'
import type { StoreResult, Timed } from './store.ts'

/** What every read must stay under, ms at p99. */
const TARGET = 20

const figure = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1))

const times = ({ what, about, ms }: Timed) => [
  what,
  about,
  String(ms.length),
  figure(quantile(ms, 0.5)),
  figure(quantile(ms, 0.99)),
  figure(quantile(ms, 1)),
]

const EDGES = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const CELL = 5

/** A bar as high as the share of the largest on a logarithmic scale, so that one slow call in ten thousand shows. */
const bar = (count: number, largest: number): string => {
  if (count === 0) return '·'
  const share = Math.log2(count + 1) / Math.log2(largest + 1)
  return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? '█'
}

const distribution = (series: readonly Timed[]): readonly Line[] => {
  const width = Math.max(...series.map(({ what }) => what.length))
  const heads = [...EDGES.map((edge) => `≤${edge}`), '>100'].map((head) => head.padStart(CELL)).join(' ')
  return [
    { text: `${'ms'.padEnd(width)} ${heads}`, colour: 'dim' },
    ...series.map(({ what, ms }) => {
      const counts = histogram(ms, EDGES)
      const largest = Math.max(...counts)
      const bars = counts.map((count, slot) => {
        const slow = (EDGES[slot - 1] ?? 0) >= TARGET && count > 0
        return { text: ` ${bar(count, largest).repeat(2).padStart(CELL)}`, colour: slow ? 'red' : 'cyan' } as const
      })
      return [what.padEnd(width), ...bars]
    }),
  ]
}

/** The result for people. */
export const storeReport = (result: StoreResult, style: Style): Text => {
  const { store, records, sessions, insert_ms, batches, reads, bytes: size, memory } = result
  const underTarget = (ms: readonly number[]) => {
    const isUnder = quantile(ms, 0.99) < TARGET
    return verdict(`${isUnder ? '' : 'NOT '}under ${TARGET}`, isUnder)
  }
  return text(
    [
      `${store}: ${records} chunk records of ${plural(sessions, 'session')}, inserted in ${duration(insert_ms)}: ${Math.round((records * 1000) / insert_ms)} records/s`,
      table(
        [...words('what', 'how'), ...figures('calls', 'p50 ms', 'p99 ms', 'max ms'), ...words('p99 target')],
        [[...times(batches), ''], ...reads.map((timed) => [...times(timed), underTarget(timed.ms)])],
        style,
      ),
      '',
      ...distribution([batches, ...reads]),
      '',
      `on disk ${size === undefined ? 'not known' : `${bytes(size)}, ${Math.round(size / records)} bytes a record`}; peak memory of this process ${Math.round(memory.rss)} MiB (PSS ${Math.round(memory.pss)})`,
    ],
    style,
  )
}
