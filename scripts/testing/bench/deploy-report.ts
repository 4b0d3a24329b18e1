import { bytes, duration } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { DeployResult } from './deploy.ts'
import { verdict, words } from './report.ts'
import { median, medianRatio } from './stats.ts'

const times = (ms: readonly number[]): string =>
  ms.length === 0 ? 'none' : `${duration(median(ms))} (${ms.map(duration).join(', ')})`

/** How many times as long as plain Compose a staged deploy takes: the median over pairs of runs. */
export const stagedRatio = ({ staged, plain }: Pick<DeployResult, 'staged' | 'plain'>): number =>
  medianRatio(plain, staged)

/** Bytes of a change on the line beyond its layers, as a share of them after 64 kB of talk. */
const wireRatio = ({ update }: DeployResult): number => (update.bytes - 64_000) / update.layers

/** The result for people, with what is to be reached. */
export const deployReport = (result: DeployResult, style: Style): Text => {
  const { host, containers, first, staged, plain, nothing, started, update, rollback } = result
  const row = (what: string, found: string, target = '', isReached?: boolean) => [
    what,
    found,
    target,
    isReached === undefined ? '' : verdict(isReached ? 'yes' : 'no', isReached),
  ]
  const ratio = stagedRatio(result)
  return text(
    [
      { text: `deploy to ${host}: ${containers} containers`, colour: 'bold' },
      table(
        words('What', 'Median (runs)', 'To reach', 'Reached'),
        [
          row('first deploy, images over the line', `${duration(first.ms)}, ${bytes(first.bytes)}`),
          row('all stacks, images there: deploy:pi', times(staged)),
          row('the same by docker compose up --wait', times(plain)),
          row('deploy:pi / docker compose', ratio.toFixed(2), 'at most 1.50', ratio <= 1.5),
          row('nothing changed', times(nothing), 'under 3 s', median(nothing) < 3_000),
          row('containers started by that', `${started}`, '0', started === 0),
          row(`update of ${update.service}`, duration(update.ms)),
          row(
            'bytes of that on the line',
            `${update.bytes}, changed layers ${update.layers}`,
            '1.05 x layers + 64 kB',
            wireRatio(result) <= 1.05,
          ),
          row('rollback', times(rollback), 'under 15 s', median(rollback) < 15_000),
        ],
        style,
      ),
    ],
    style,
  )
}
