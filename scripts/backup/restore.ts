import { join, resolve } from 'node:path'
import type { Command, Flags } from '../cli/args.ts'
import { CliError, EXIT_USAGE } from '../cli/fail.ts'
import { bytes } from '../cli/format.ts'
import { lookOf, plainLook } from '../cli/look.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand } from '../cli/run-command.ts'
import { withHost, withLease } from '../host/open.ts'
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
      about:
        'the age identity that backups are for, on this machine; it is piped, and kept nowhere on the host',
      required: true,
    },
    snapshot: { type: 'string', value: 'ID', about: 'the backup, or the beginning of its name (newest)' },
    from: { type: 'string', value: 'DIR', about: 'the repository, a folder on the host (DIR/backups)' },
    volume: { type: 'string', value: 'VOLUME', about: 'this volume alone', multiple: true },
    drill: {
      type: 'boolean',
      about: 'restore into throw-away volumes, open every database, remove them; nothing else is touched',
    },
    replace: {
      type: 'boolean',
      about: 'set aside what is there, and throw it away when all is restored',
    },
    into: { type: 'string', value: 'FOLDER', about: 'restore into this folder of the host, to look at' },
    image: {
      type: 'string',
      value: 'IMAGE',
      about: 'image of server-tools on the host (that of the release)',
    },
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

const demandTogether = (flags: Flags<typeof command>): void => {
  if (flags.drill && (flags.into !== undefined || flags.replace))
    throw new CliError('--drill replaces nothing and restores into volumes of its own', {
      exitCode: EXIT_USAGE,
    })
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  demandTogether(flags)
  const identity = identityFile(flags.identity)
  const optionsFor = (image: string): RestoreOptions => {
    const shown = progress(terminal.err, flags.json ? plainLook : lookOf(process.stderr, process.env))
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
        const text = `${files} of ${of} files, ${bytes(read)}`
        shown.show(text, due() ? text : undefined)
        if (files === of) shown.done()
      },
    }
  }
  if (flags['dry-run'])
    return withHost(flags, process.env, async ({ shell, target }) => {
      const { listed, units } = await planRestore(
        { shell, dir: target.dir },
        optionsFor(await toolsImage(shell, target.dir, flags.image)),
      )
      terminal.out(
        flags.json
          ? `${JSON.stringify({ backup: listed, units }, null, 2)}\n`
          : `would restore ${listed.name}: ${units.join(', ')}\n`,
      )
      return 0
    })
  const what = flags.drill ? 'restore drill' : 'restore'
  const onWait = (text: string) => terminal.err(`${text}\n`)
  return withHost(flags, process.env, (opened) =>
    withLease(opened, { what, onWait }, async (lease) => {
      const { target } = opened
      // A new host has nothing yet to restore with.
      const isNew =
        flags.image === undefined && (await observeHost(lease.shell, target.dir)).current === undefined
      const image = isNew
        ? await bringTools(lease, resolve(flags.images ?? join(repository, 'dist', 'images')))
        : await toolsImage(lease.shell, target.dir, flags.image)
      const options = optionsFor(image)
      const began = performance.now()
      if (flags.drill) {
        const report = await drillHost(lease, options)
        terminal.out(
          flags.json
            ? `${JSON.stringify(report, null, 2)}\n`
            : `${drillText(report, performance.now() - began)}\n`,
        )
        return report.ok ? 0 : 1
      }
      const report = await restoreHost(lease, options)
      terminal.out(
        flags.json
          ? `${JSON.stringify(report, null, 2)}\n`
          : `${restoreText(report, performance.now() - began)}\n`,
      )
      return report.ok ? 0 : 1
    }),
  )
})
