import { KEEP } from '#common/backup/prune'
import type { Command, Flags } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, plainStyle } from '#common/cli/style'
import { jsonText, text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { backupLayout } from '../host/backup-layout.ts'
import { type HostSession, withHost, withLease } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { addRecipients, newKey, recipientsOn } from './recipients.ts'
import { backupText, listText } from './report.ts'
import { listSnapshots } from './snapshots.ts'
import { takeBackup } from './take.ts'
import { toolsImage } from './tools-image.ts'

export const command = {
  name: 'backup',
  about: 'backs a host up: volumes, secrets, the current release; encrypted to the operators, incremental, pruned',
  flags: {
    ...targetFlags,
    to: {
      type: 'string',
      value: 'DIR',
      about: 'the repository, a folder on the host: a disk that is plugged in (DIR/backups)',
    },
    recipient: {
      type: 'string',
      value: 'age1...',
      about: 'keep this recipient on the host: every backup from now on is for it too',
      multiple: true,
    },
    'new-key': {
      type: 'string',
      value: 'FILE',
      about: 'make an age identity on this machine, print its recipient, and do nothing else',
    },
    'keep-last': { type: 'string', value: 'N', about: `newest backups to keep (${KEEP.last})` },
    'keep-daily': { type: 'string', value: 'N', about: `days of which to keep the newest (${KEEP.daily})` },
    'keep-weekly': { type: 'string', value: 'N', about: `weeks of which to keep the newest (${KEEP.weekly})` },
    'keep-monthly': { type: 'string', value: 'N', about: `months of which to keep the newest (${KEEP.monthly})` },
    tag: { type: 'string', value: 'TAG', about: 'name this backup; a tagged one is not pruned' },
    forget: { type: 'string', value: 'ID', about: 'remove this backup, tagged or not', multiple: true },
    'freeze-limit': {
      type: 'string',
      value: 'SECONDS',
      about: 'longest time that the services may stand still; beyond it the backup fails (60)',
    },
    image: { type: 'string', value: 'IMAGE', about: 'image of server-tools on the host (that of the release)' },
    list: { type: 'boolean', about: 'list the backups that are there' },
    'dry-run': { type: 'boolean', about: 'check that a backup could be taken, and say what it would be' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: [
    'bun run backup --new-key ~/lucid-backup.key',
    'bun run backup --host pi@lucid --recipient age1...',
    'bun run backup --to /media/usb/lucid',
    'bun run backup --list',
  ],
} as const satisfies Command

const number = (flags: Flags<typeof command>, name: keyof typeof command.flags, otherwise: number): number => {
  const given = flags[name]
  if (given === undefined) return otherwise
  const value = Number(given)
  if (!Number.isInteger(value) || value < 0)
    throw new CliError(`--${name} takes a whole number, not '${String(given)}'`, { exitCode: EXIT_USAGE })
  return value
}

const keepOf = (flags: Flags<typeof command>) => ({
  last: number(flags, 'keep-last', KEEP.last),
  daily: number(flags, 'keep-daily', KEEP.daily),
  weekly: number(flags, 'keep-weekly', KEEP.weekly),
  monthly: number(flags, 'keep-monthly', KEEP.monthly),
})

const phases = { reading: 'reading', frozen: 'reading what changed, all stands still', storing: 'storing' }

type Context = { readonly flags: Flags<typeof command>; readonly terminal: Terminal }

const list = ({ flags, terminal }: Context): Promise<number> =>
  withHost(flags, process.env, async ({ shell, target }) => {
    const image = await toolsImage(shell, target.dir, flags.image)
    const repository = flags.to ?? backupLayout(target.dir).repository
    const all = await listSnapshots(shell, { image, repository })
    terminal.out(
      flags.json ? jsonText({ repository, backups: all }) : listText(all, detectStyle(process.stdout, process.env)),
    )
    return 0
  })

const dry = ({ flags, terminal }: Context): Promise<number> =>
  withHost(flags, process.env, async ({ shell, target }) => {
    const image = await toolsImage(shell, target.dir, flags.image)
    const recipients = flags.recipient.length > 0 ? flags.recipient : await recipientsOn(shell, target.dir)
    const repository = flags.to ?? backupLayout(target.dir).repository
    const all = await listSnapshots(shell, { image, repository })
    const plan = { host: shell.name, dir: target.dir, repository, image, recipients, backups: all.length }
    terminal.out(
      flags.json
        ? jsonText(plan)
        : `would back up ${plan.dir} of ${plan.host} to ${repository} with ${image} for ${recipients.join(', ')}; ${all.length} backups are there\n`,
    )
    return 0
  })

const take = async ({ flags, terminal }: Context, session: HostSession): Promise<number> => {
  const { target } = session
  const onWait = (line: string) => terminal.err(`${line}\n`)
  return withLease(session, { what: 'backup', onWait }, async (lease) => {
    const image = await toolsImage(lease.shell, target.dir, flags.image)
    if (flags.recipient.length > 0) await addRecipients(lease, flags.recipient)
    const recipients = await recipientsOn(lease.shell, target.dir)
    const shown = progress(terminal.err, flags.json ? plainStyle : detectStyle(process.stderr, process.env))
    const due = throttle(10_000, () => performance.now())
    const report = await takeBackup(lease, {
      image,
      recipients,
      to: flags.to,
      ...(flags.tag !== undefined && { tag: flags.tag }),
      keep: keepOf(flags),
      forget: flags.forget,
      ...(flags['freeze-limit'] !== undefined && { freezeLimitS: number(flags, 'freeze-limit', 60) }),
      onProgress: ({ phase, files, of, bytes: read }) => {
        const line = `${phases[phase]}: ${files} of ${of} files, ${bytes(read)} read`
        shown.show(line, due() ? line : undefined)
      },
    })
    shown.done()
    terminal.out(
      flags.json
        ? jsonText({ ...report, recipients: recipients.length })
        : backupText(report, detectStyle(process.stdout, process.env)),
    )
    return 0
  })
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  if (flags['new-key'] !== undefined) {
    const recipient = await newKey(flags['new-key'], new Date())
    terminal.out(flags.json ? `${JSON.stringify({ recipient })}\n` : `${recipient}\n`)
    terminal.err(
      text([
        `${flags['new-key']} reads every backup made for it: keep it off the host, and a copy of it elsewhere.`,
        `bun run backup --recipient ${recipient} makes backups for it.`,
      ]),
    )
    return 0
  }
  const context = { flags, terminal }
  if (flags.list) return list(context)
  return flags['dry-run'] ? dry(context) : withHost(flags, process.env, (session) => take(context, session))
})
