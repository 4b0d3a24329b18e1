import { bytes, duration } from '#common/cli/format'
import { paint, type Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import type { DeployResult } from './deploy.ts'
import { median } from './stats.ts'

const times = (ms: readonly number[]): string =>
  ms.length === 0 ? 'none' : `${duration(median(ms))} (${ms.map(duration).join(', ')})`

/** How many times as long as plain Compose a staged deploy takes: the median over pairs of runs. */
export const stagedRatio = ({ staged, plain }: Pick<DeployResult, 'staged' | 'plain'>): number =>
  median(staged.flatMap((ms, at) => (plain[at] === undefined ? [] : [ms / plain[at]])))

/** Bytes of a change on the line beyond its layers, as a share of them after 64 kB of talk. */
const wireRatio = ({ update }: DeployResult): number => (update.bytes - 64_000) / update.layers

/** The result for people, with what is to be reached. */
export const deployReport = (result: DeployResult, style: Style): string => {
  const { host, containers, first, staged, plain, nothing, started, update, rollback } = result
  const row = (what: string, found: string, target: string, well: boolean | undefined) => [
    what,
    found,
    target,
    well === undefined
      ? ''
      : { text: well ? 'yes' : 'no', colour: well ? ('green' as const) : ('red' as const) },
  ]
  const ratio = stagedRatio(result)
  return [
    paint(style, 'bold', `deploy to ${host}: ${containers} containers`),
    table(
      [{ title: 'What' }, { title: 'Median (runs)' }, { title: 'To reach' }, { title: 'Reached' }],
      [
        row(
          'first deploy, images over the line',
          `${duration(first.ms)}, ${bytes(first.bytes)}`,
          '',
          undefined,
        ),
        row('all stacks, images there: deploy:pi', times(staged), '', undefined),
        row('the same by docker compose up --wait', times(plain), '', undefined),
        row('deploy:pi / docker compose', ratio.toFixed(2), 'at most 1.50', ratio <= 1.5),
        row('nothing changed', times(nothing), 'under 3 s', median(nothing) < 3_000),
        row('containers started by that', `${started}`, '0', started === 0),
        row(`update of ${update.service}`, duration(update.ms), '', undefined),
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
  ].join('\n')
}
