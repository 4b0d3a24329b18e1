import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { text } from '#common/cli/text'
import { CliError } from '../../cli/fail.ts'
import { runCommand } from '../../cli/run-command.ts'
import type { Lease } from '../../host/lease.ts'
import { openHost, withLease } from '../../host/open.ts'
import { targetFlags } from '../../host/target.ts'
import { findBootGaps, installBoot, programs, removeBoot, showInstall, showRemoval } from './install.ts'
import { readBootState } from './state.ts'

export const command = {
  name: 'boot',
  about: 'has a host start Lucid at boot (systemd) and watch it every five minutes (cron)',
  flags: {
    install: { type: 'boolean', about: 'install what is missing, change what is different' },
    uninstall: { type: 'boolean', about: 'take exactly that away again' },
    status: { type: 'boolean', about: 'say what is missing; 0 when nothing is' },
    'dry-run': { type: 'boolean', about: 'say what would be done, and do nothing' },
    json: { type: 'boolean', about: 'print the result as JSON' },
    ...targetFlags,
  },
  examples: [
    'bun run boot --install --host pi@raspberrypi',
    'bun run boot --status',
    'bun run boot --uninstall --dry-run',
  ],
} as const satisfies Command

const asked = ['install', 'uninstall', 'status'] as const

const ways = {
  install: { change: (lease: Lease) => installBoot(lease), show: showInstall },
  uninstall: { change: (lease: Lease) => removeBoot(lease), show: showRemoval },
} as const

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const [what, more] = asked.filter((name) => flags[name])
  if (what === undefined || more !== undefined)
    throw new CliError(`say one of ${asked.map((name) => `--${name}`).join(', ')}`, { exitCode: EXIT_USAGE })
  const host = openHost(flags, process.env)
  const { dir } = host.target
  try {
    if (what === 'status') {
      const gaps = findBootGaps(await readBootState(host.shell, { dir }, Object.keys(programs)), { dir })
      if (flags.json) terminal.out(`${JSON.stringify({ ok: gaps.length === 0, gaps })}\n`)
      else terminal.out(text(gaps.length === 0 ? ['unit and crontab are as they should be'] : gaps))
      return gaps.length === 0 ? 0 : 1
    }
    const dry = flags['dry-run']
    const { change, show } = ways[what]
    const changes = dry
      ? await show(host.shell, { dir })
      : await withLease(host, { what: `boot --${what}`, onWait: (line) => terminal.err(`${line}\n`) }, change)
    const lines = changes.map((one) => `${dry ? 'would ' : ''}${one}`)
    if (flags.json) terminal.out(`${JSON.stringify({ ok: true, done: !dry, changes })}\n`)
    else terminal.out(text(lines.length === 0 ? ['nothing to do'] : lines))
    return 0
  } finally {
    await host.shell.close()
  }
})
