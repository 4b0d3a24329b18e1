import { bytes } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { rule, sparkline, trendOf } from './memory-trend.ts'
import { figures, verdict, words } from './report.ts'
import type { Curve, SoakResult } from './soak.ts'

const WIDTH = 30
const mib = (value: number): string => value.toFixed(1)

const row = ({ name, rss, pss, restarts }: Curve, everyMs: number) => {
  const resident = trendOf(rss, everyMs)
  const shared = trendOf(pss, everyMs)
  return [
    name,
    mib(resident.first),
    mib(resident.middle),
    mib(resident.last),
    resident.slope.toFixed(2),
    `${mib(shared.first)} ${mib(shared.last)}`,
    sparkline(rss, WIDTH),
    `${mib(Math.min(...rss))} to ${mib(Math.max(...rss))}`,
    restarts > 0 ? verdict(`restarted ${restarts}`, false) : verdict(resident.verdict, resident.verdict === 'flat'),
  ]
}

/** The memory of every service over the time of a soak, as a table, with the rule of the verdict. */
export const soakReport = (result: SoakResult, style: Style): Text => {
  const { store, minutes, anchored, bytes: sent, reads, failures, services, every_ms } = result
  return text(
    [
      `soak, ${store}: ${minutes} min, ${anchored} recordings (${bytes(sent)}) anchored, ${reads} reads, ${failures.length} failures`,
      table(
        [
          ...words('RSS, MiB'),
          ...figures('first third', 'middle', 'last', 'MiB/min', 'PSS first last'),
          ...words('over the time'),
          ...figures('from to'),
          ...words('verdict'),
        ],
        services.map((curve) => row(curve, every_ms)),
        style,
      ),
      rule,
      ...failures.slice(0, 10).map((failure) => `  ${failure}`),
    ],
    style,
  )
}
