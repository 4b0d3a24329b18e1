import type { Command } from './cli/args.ts'
import { CliError } from './cli/fail.ts'
import { lookOf } from './cli/look.ts'
import { runCommand } from './cli/run-command.ts'
import { deliver, undoFirst } from './deploy/deliver.ts'
import { observeHost, readRelease } from './deploy/observe.ts'
import { gateFlags, openHost, timingOf } from './deploy/open.ts'
import { changesText } from './deploy/report.ts'
import { targetFlags } from './host/target.ts'
import { changesOf } from './plan/release/diff.ts'
import { openRun, previousOf } from './plan/release/journal.ts'
import { forward, irreversible, stepName } from './plan/release/steps.ts'

export const command = {
  name: 'rollback',
  about:
    'puts the release before back, from what the host holds: no registry, no build, no network but the line to it',
  flags: {
    ...targetFlags,
    to: {
      type: 'string',
      value: 'ID',
      about: 'this release (bun run releases lists them) instead of the one before',
    },
    ...gateFlags,
    'dry-run': { type: 'boolean', about: 'change nothing; show what would change and the steps' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run rollback', 'bun run rollback --to r-0123456789ab --dry-run'],
  exits: {
    1: 'it was refused before anything changed; the lines on stderr say why and what to do',
    2: 'the older release did not make it either; the one that ran is back',
    3: 'the line or the engine broke; the next command finishes or undoes it',
  },
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const opened = openHost(flags, process.env)
  const { shell, target } = opened
  const look = lookOf(process.stderr, process.env)
  try {
    const observed = await observeHost(shell, target.dir)
    // A run that was cut is undone first, and that is often all that is wanted.
    const cut = openRun(observed.entries)
    if (observed.current === undefined) {
      if (cut === undefined) throw new CliError(`${shell.name} runs no release: bun run deploy:pi`)
      if (flags['dry-run']) {
        terminal.out(
          `${cut.begin.what} by ${cut.begin.by} was cut: everything that it started is taken down\n`,
        )
        return 0
      }
      await undoFirst(opened, { timing: timingOf(flags), terminal, look, json: flags.json })
      return 0
    }
    const current = await readRelease(shell, target.dir, observed.current)
    // One that had committed is a release to go back from, unless it was this very rollback.
    const id =
      flags.to ??
      (cut !== undefined && (cut.begin.to !== observed.current || cut.begin.kind === 'rollback')
        ? observed.current
        : previousOf(observed.entries, observed.current)) ??
      // A first one that was cut behind its commit: nothing is before it, and what is left is to finish it.
      cut?.begin.to
    if (id === undefined)
      throw new CliError(
        `${shell.name} has had no release before ${observed.current}: bun run releases lists what it holds`,
      )
    const to = observed.releases.includes(id) ? await readRelease(shell, target.dir, id) : undefined
    if (to === undefined)
      throw new CliError(`${shell.name} no longer holds ${id}: bun run releases lists what it holds`)
    const stuck = current === undefined ? [] : irreversible(current, to)
    if (stuck.length > 0)
      throw new CliError(
        `${observed.current} changed documents in a way that cannot be undone (${stuck.join(', ')}): the way back is the snapshot from before it`,
        {
          details: [
            `bun run restore --snapshot before-${observed.current} --identity FILE   puts the documents of then back; what was recorded since is lost`,
            `bun run rollback --to ${id}   then has nothing to cross`,
          ],
        },
      )
    if (flags['dry-run']) {
      const changes = changesOf(current, to)
      const steps = forward(current, to).map(stepName)
      terminal.out(
        flags.json
          ? `${JSON.stringify({ from: observed.current, to: id, changes, steps }, null, 2)}\n`
          : `${changesText(current, to, changes, look)}\nsteps: ${steps.join(', ')}\n`,
      )
      return 0
    }
    await deliver(opened, {
      kind: 'rollback',
      what: `rollback to ${id}`,
      bundle: undefined,
      to,
      observed,
      current,
      supply: { kind: 'none' },
      timing: timingOf(flags),
      terminal,
      look,
      json: flags.json,
    })
    return 0
  } finally {
    await shell.close()
  }
})
