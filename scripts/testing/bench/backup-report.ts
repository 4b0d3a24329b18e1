import { bytes, duration, rate } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { BackupBench } from './backup.ts'
import { figures, words } from './report.ts'
import { median } from './stats.ts'

const rows = [
  ['first', 'first backup'],
  ['second', 'nothing changed'],
  ['restore', 'restore'],
] as const

export const backupReport = (result: BackupBench, style: Style): Text =>
  text(
    [
      table(
        [...words(bytes(result.bytes)), ...figures('ours', 'restic', 'ours', 'ratio')],
        rows.map(([kind, what]) => {
          const mine = median(result.runs.map(({ ours }) => ours[kind]))
          const theirs = median(result.runs.map(({ restic }) => restic[kind]))
          return [
            what,
            duration(mine),
            duration(theirs),
            kind === 'second' ? '' : rate(result.bytes, mine),
            result.ratio[kind].toFixed(2),
          ]
        }),
        style,
      ),
      "ratio: restic's time by ours, median of pairs; ours waits for the disk when it restores, restic does not",
    ],
    style,
  )
