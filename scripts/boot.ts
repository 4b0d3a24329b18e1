import { hostname, userInfo } from 'node:os'
import { bootGaps, installBoot, programs, removeBoot } from './boot/install.ts'
import { bootState } from './boot/state.ts'
import type { Command } from './cli/args.ts'
import { CliError, EXIT_USAGE } from './cli/fail.ts'
import { runCommand } from './cli/run-command.ts'
import { takeLease } from './host/lease.ts'
import { openShell } from './host/shell.ts'
import { targetFlags, targetOf } from './host/target.ts'
import { homeFrom } from './platform/home.ts'

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

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const [what, more] = asked.filter((name) => flags[name])
  if (what === undefined || more !== undefined)
    throw new CliError(`say one of ${asked.map((name) => `--${name}`).join(', ')}`, { exitCode: EXIT_USAGE })
  const target = targetOf(flags, process.env, homeFrom(process.env))
  const shell = openShell(target)
  try {
    if (what === 'status') {
      const state = await bootState(shell, { dir: target.dir }, Object.keys(programs))
      const gaps = bootGaps(state, { dir: target.dir })
      if (flags.json) terminal.out(`${JSON.stringify({ ok: gaps.length === 0, gaps })}\n`)
      else
        terminal.out(gaps.length === 0 ? 'unit and crontab are as they should be\n' : `${gaps.join('\n')}\n`)
      return gaps.length === 0 ? 0 : 1
    }
    const by = `${userInfo().username}@${hostname()}`
    const lease = await takeLease(
      shell,
      target.dir,
      { by, machine: hostname(), pid: process.pid, what: `boot --${what}` },
      { onWait: (text) => terminal.err(`${text}\n`) },
    )
    try {
      const mode = flags['dry-run'] ? 'show' : 'change'
      const done = await (what === 'install' ? installBoot(lease, { mode }) : removeBoot(lease, { mode }))
      if (flags.json)
        terminal.out(`${JSON.stringify({ ok: true, done: mode === 'change', changes: done })}\n`)
      else
        terminal.out(
          done.length === 0
            ? 'nothing to do\n'
            : `${done.map((one) => `${mode === 'show' ? 'would ' : ''}${one}`).join('\n')}\n`,
        )
      return 0
    } finally {
      await lease.release()
    }
  } finally {
    await shell.close()
  }
})
