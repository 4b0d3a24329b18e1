import type { BackupReport } from '#common/backup/backup'
import { bytes, duration, plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { Drilled, Restored } from './restore-host.ts'
import type { Listed } from './snapshots.ts'

const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

export const backupText = (report: BackupReport, style: Style): Text => {
  const { pruned } = report
  const rows: readonly (readonly [string, string])[] = [
    ['backup', report.name],
    ['state of', utc(report.at)],
    ['files', `${report.files}, ${bytes(report.bytes)}`],
    ['read', bytes(report.read_bytes)],
    ['new, as stored', `${bytes(report.new_bytes)} in ${plural(report.new_chunks, 'chunk')}`],
    ['stood still for', `${report.frozen_ms} ms, ${plural(report.read_frozen, 'file')} read then`],
    [
      'pruned',
      `${plural(pruned.snapshots.length, 'backup')}, ${plural(pruned.chunks, 'chunk')}, ${bytes(pruned.bytes)}`,
    ],
    ['key', report.key],
    ...report.left_out.map((path) => ['no data, left out', path] as const),
    ...pruned.without_index.map((name) => ['no index, so nothing is pruned', name] as const),
  ]
  return table([{ title: 'what' }, { title: 'is' }], rows, style)
}

export const listText = (all: readonly Listed[], style: Style): Text =>
  all.length === 0
    ? text(['no backups here'])
    : table(
        [
          { title: 'backup' },
          { title: 'state of' },
          { title: 'files', align: 'right' },
          { title: 'size', align: 'right' },
          { title: 'stored', align: 'right' },
          { title: 'new', align: 'right' },
          { title: 'tag' },
          { title: 'remark' },
        ],
        all.map((one) => [
          one.name,
          utc(one.at),
          `${one.files ?? ''}`,
          one.bytes === undefined ? '' : bytes(one.bytes),
          one.stored_bytes === undefined ? '' : bytes(one.stored_bytes),
          one.new_bytes === undefined ? '' : bytes(one.new_bytes),
          one.tag ?? '',
          !one.index
            ? { text: 'no whole index', colour: 'yellow' }
            : (one.missing ?? 0) > 0
              ? { text: `${plural(one.missing ?? 0, 'chunk')} missing`, colour: 'red' }
              : '',
        ]),
        style,
      )

const faultLines = ({ faults, complaints, warnings }: Restored): readonly string[] => [
  ...faults.map(
    ({ chunk, problem, files }) =>
      `chunk ${chunk}: ${problem}; needed by ${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}`,
  ),
  ...complaints,
  ...warnings.map((warning) => `warning: ${warning}`),
]

/** What a restore means for people and for the audit log. */
const tellingLines = ({ told, signed }: Restored): readonly string[] => [
  ...(told.includes('authentication')
    ? [
        'people: all are signed out, passkeys are gone; nobody is let in before an admin says his roles anew, for which were taken away since is not known:',
        '  bun run recover admin; bun run lucid users; bun run lucid users roles ADDRESS ROLE...',
      ]
    : []),
  ...(told.length > 0 ? [`audit: ${told.join(', ')} will write this restore down when they start`] : []),
  ...(told.length > 0 && !signed
    ? ['warning: no key of the operator was there to sign that, so bun run audit verify will not believe it']
    : []),
]

export const restoreText = (report: Restored, ms: number): Text =>
  text([
    `${report.ok ? 'restored' : 'NOT RESTORED'} ${report.name} of ${report.host}, state of ${utc(report.at)}, key ${report.key}`,
    `${plural(report.files, 'file')}, ${bytes(report.bytes)}, ${plural(report.chunks, 'chunk')} in ${duration(ms)}: ${report.units.join(', ')}`,
    ...(report.erasures > 0
      ? [
          `${plural(report.erasures, 'key')} of this snapshot ${report.erasures === 1 ? 'was' : 'were'} destroyed for good since: the service destroys ${report.erasures === 1 ? 'it' : 'them'} again when it starts`,
        ]
      : []),
    ...tellingLines(report),
    ...faultLines(report),
  ])

const mongoLine = ({ mongo }: Drilled): readonly string[] => {
  if (mongo.kind === 'not-run') return [`NOT RUN: ${mongo.reason} (start of the database)`]
  if (mongo.kind === 'healthy')
    return [`ok    database: ${mongo.image} is healthy on the restored volume after ${mongo.seconds} s`]
  return [
    `FAIL  database: ${mongo.image} is not healthy on the restored volume`,
    ...mongo.log.map((said) => `      ${said}`),
  ]
}

export const drillText = (report: Drilled, ms: number): Text =>
  text([
    `${report.ok ? 'the backup is usable' : 'THE BACKUP IS NOT USABLE'}: ${report.name} of ${report.host}, state of ${utc(report.at)}, key ${report.key}`,
    `${plural(report.chunks, 'chunk')} decrypted and ${plural(report.files, 'file')} compared, ${bytes(report.bytes)} in ${duration(ms)}`,
    ...faultLines(report),
    ...report.proofs.map(({ what, ok, detail }) => `${ok ? 'ok  ' : 'FAIL'}  ${what}: ${detail}`),
    ...mongoLine(report),
  ])
