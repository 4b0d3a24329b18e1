import { catalog } from '#catalog'
import { bytes, duration } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { PipelineResult, Series } from './pipeline.ts'
import { figures, words } from './report.ts'
import { median, medianRatio } from './stats.ts'

const speed = (size: number, ms: readonly number[]): string => {
  const middle = median(ms)
  return Number.isNaN(middle) ? '-' : `${Math.round(size / 1e3 / middle)} MB/s`
}

const ratio = (ours: readonly number[] | undefined, theirs: readonly number[]): string => {
  const value = ours ? medianRatio(ours, theirs) : Number.NaN
  return Number.isNaN(value) ? '-' : `${value.toFixed(2)} x`
}

const range = (ms: readonly number[]): string =>
  ms.some(Number.isNaN) ? '-' : `${duration(Math.min(...ms))} to ${duration(Math.max(...ms))}`

const speeds = ({ size, series }: PipelineResult, style: Style): Text => {
  const ours = series.find(({ name }) => name === 'lucid')
  const row = ({ name, store, check }: Series) => [
    name,
    speed(size, store),
    ratio(ours?.store, store),
    range(store),
    speed(size, check),
    ratio(ours?.check, check),
    range(check),
  ]
  const columns = figures('store', 'lucid is', 'from to', 'read and check', 'lucid is', 'from to')
  return table([...words('who'), ...columns], series.map(row), style)
}

const memory = ({ memory: rows }: PipelineResult, style: Style): Text => {
  const pipeline = Object.entries(catalog).flatMap(([name, { stack }]) => (stack === 'sessions' ? [name] : []))
  return table(
    [...words('peak memory, RSS (PSS), MiB'), ...figures(...rows.map(({ size }) => bytes(size)))],
    pipeline.map((name) => [
      name,
      ...rows.map(({ peaks }) => {
        const peak = peaks[name]
        return peak ? `${Math.round(peak.rss)} (${Math.round(peak.pss)})` : '-'
      }),
    ]),
    style,
  )
}

/** The result for people: medians, with ratios taken pair by pair. */
export const pipelineReport = (result: PipelineResult, style: Style): Text =>
  text(
    [
      `${bytes(result.size)} incompressible, medians of ${result.runs} runs after a warm-up; "store" ends when all is durable and sealed`,
      speeds(result, style),
      ...result.absent.map((name) => `NOT RUN: ${name} is not installed`),
      ...(result.memory.length > 0 ? ['', memory(result, style)] : []),
      '',
      `all services healthy in ${duration(result.up_ms)}; idle together ${Math.round(result.idle_pss_mib)} MiB (PSS)`,
    ],
    style,
  )
