import { join, resolve } from 'node:path'
import type { Command, Flags } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle, plainStyle } from '#common/cli/style'
import { jsonText, type Text, text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import type { Lease } from '../host/lease.ts'
import { type HostSession, withHost, withLease } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { repository } from '../platform/home.ts'
import { observeHost } from '../release/host/observe.ts'
import { bringTools } from './bring-tools.ts'
import { identityFile } from './identity-file.ts'
import { drillText, restoreText } from './report.ts'
import { drillHost, planRestore, type RestoreOptions, restoreHost } from './restore-host.ts'
import { toolsImage } from './tools-image.ts'

export const command = {
  name: 'restore',
  about: 'restores a host or volumes of it from a backup, or proves in a drill that a backup can be used',
  flags: {
    ...targetFlags,
    identity: {
      type: 'string',
      value: 'FILE',
      about: 'the age identity that backups are for, on this machine; it is piped, and kept nowhere on the host',
      required: true,
    },
    snapshot: { type: 'string', value: 'ID', about: 'the backup, or the beginning of its name (newest)' },
    from: { type: 'string', value: 'DIR', about: 'the repository, a folder on the host (DIR/backups)' },
    volume: { type: 'string', value: 'VOLUME', about: 'this volume alone', multiple: true },
    drill: {
      type: 'boolean',
      about: 'restore into throw-away volumes, open every database, remove them; nothing else is touched',
    },
    replace: { type: 'boolean', about: 'set aside what is there, and throw it away when all is restored' },
    into: { type: 'string', value: 'FOLDER', about: 'restore into this folder of the host, to look at' },
    image: { type: 'string', value: 'IMAGE', about: 'image of server-tools on the host (that of the release)' },
    images: {
      type: 'string',
      value: 'FOLDER',
      about: 'where the images are that a host without a release gets server-tools from (dist/images)',
    },
    'dry-run': { type: 'boolean', about: 'say what would be restored' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: [
    'bun run restore --identity ~/lucid-backup.key --drill',
    'bun run restore --identity ~/lucid-backup.key --volume lucid_sessions_data --replace',
    'bun run restore --identity ~/lucid-backup.key --host pi@new',
  ],
} as const satisfies Command

const requireTogether = (flags: Flags<typeof command>): void => {
  if (flags.drill && (flags.into !== undefined || flags.replace))
    throw new CliError('--drill replaces nothing and restores into volumes of its own', { exitCode: EXIT_USAGE })
}

type Context = {
  readonly flags: Flags<typeof command>
  readonly terminal: Terminal
  /** The text of the identity file. */
  readonly identity: string
}

const optionsFor = ({ flags, terminal, identity }: Context, image: string): RestoreOptions => {
  const shown = progress(terminal.err, flags.json ? plainStyle : detectStyle(process.stderr, process.env))
  const due = throttle(10_000, () => performance.now())
  return {
    image,
    identity,
    snapshot: flags.snapshot ?? 'newest',
    repository: flags.from,
    volumes: flags.volume,
    existing: flags.replace ? 'replace' : 'refuse',
    into: flags.into,
    onProgress: (files, of, read) => {
      const line = `${files} of ${of} files, ${bytes(read)}`
      shown.show(line, due() ? line : undefined)
      if (files === of) shown.done()
    },
  }
}

const printReport = ({ flags, terminal }: Context, report: object, lines: () => Text): void =>
  terminal.out(flags.json ? jsonText(report) : lines())

const dry = async (context: Context, { shell, target }: HostSession): Promise<number> => {
  const image = await toolsImage(shell, target.dir, context.flags.image)
  const { listed, units } = await planRestore({ shell, dir: target.dir }, optionsFor(context, image))
  printReport(context, { backup: listed, units }, () => text([`would restore ${listed.name}: ${units.join(', ')}`]))
  return 0
}

/** The image that restores. A new host has nothing yet to restore with: it is brought one. */
const imageOn = async ({ flags }: Context, { target }: HostSession, lease: Lease): Promise<string> => {
  const isNew = flags.image === undefined && (await observeHost(lease.shell, target.dir)).current === undefined
  return isNew
    ? bringTools(lease, resolve(flags.images ?? join(repository, 'dist', 'images')))
    : toolsImage(lease.shell, target.dir, flags.image)
}

const perform = async (context: Context, session: HostSession): Promise<number> => {
  const { drill } = context.flags
  const onWait = (line: string) => context.terminal.err(`${line}\n`)
  return withLease(session, { what: drill ? 'restore drill' : 'restore', onWait }, async (lease) => {
    const options = optionsFor(context, await imageOn(context, session, lease))
    const began = performance.now()
    const took = () => performance.now() - began
    if (drill) {
      const report = await drillHost(lease, options)
      printReport(context, report, () => drillText(report, took()))
      return report.ok ? 0 : 1
    }
    const report = await restoreHost(lease, options)
    printReport(context, report, () => restoreText(report, took()))
    return report.ok ? 0 : 1
  })
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  requireTogether(flags)
  const context = { flags, terminal, identity: identityFile(flags.identity) }
  return withHost(flags, process.env, (session) =>
    flags['dry-run'] ? dry(context, session) : perform(context, session),
  )
})
