import type { Command } from '#common/cli/args'
import { detectStyle } from '#common/cli/style'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { openHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { compareReleases } from './content/diff.ts'
import { findIrreversible } from './content/migrations.ts'
import { observeHost, readRelease } from './host/observe.ts'
import { deliverRelease, undoFirstDeploy } from './run/deliver.ts'
import { gateFlags, parseTiming } from './run/gate-flags.ts'
import { findOpenRun, findPreviousId, groupRuns } from './run/journal.ts'
import { snapshotName } from './run/perform.ts'
import { formatStep, planForward } from './run/plan.ts'
import type { Observed } from './run/release-host.ts'
import { renderChanges } from './run/tables.ts'

export const command = {
  name: 'rollback',
  about:
    'puts the release before back, from what the host holds: no registry, no build, no network but the connection to it',
  flags: {
    ...targetFlags,
    to: {
      type: 'string',
      value: 'ID',
      about: 'this release (bun run releases lists them) instead of the one before',
    },
    'with-snapshot': {
      type: 'boolean',
      about:
        'go back over a migration that cannot be undone, with the documents as they were before it: what came since is lost',
    },
    ...gateFlags,
    'dry-run': { type: 'boolean', about: 'change nothing; show what would change and the steps' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run rollback', 'bun run rollback --to r-0123456789ab --dry-run'],
  exits: {
    1: 'it was refused before anything changed; the lines on stderr say why and what to do',
    2: 'the older release did not make it either; the one that ran is back',
    3: 'the connection or the engine broke; the next command finishes or undoes it',
  },
} as const satisfies Command

const time = (at: number): string => `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`

/** The run that brought the current release over this one: it took a snapshot before it changed documents. */
const snapshotBefore = ({ current, entries }: Observed, older: string) =>
  groupRuns(entries).findLast(
    ({ begin, steps, end }) =>
      end?.outcome === 'done' &&
      begin.to === current &&
      begin.from === older &&
      steps.some(({ step, phase }) => step === 'snapshot' && phase === 'done'),
  )?.begin

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const opened = openHost(flags, process.env)
  const { shell, target } = opened
  const style = detectStyle(process.stderr, process.env)
  try {
    const observed = await observeHost(shell, target.dir)
    // A run that was cut is undone first, and that is often all that is wanted.
    const cut = findOpenRun(observed.entries)
    if (observed.current === undefined) {
      if (cut === undefined) throw new CliError(`${shell.name} runs no release: bun run deploy:pi`)
      if (flags['dry-run']) {
        terminal.out(
          `${cut.begin.what} by ${cut.begin.by} was cut: everything that it started is taken down\n`,
        )
        return 0
      }
      await undoFirstDeploy(opened, { timing: parseTiming(flags), terminal, style, json: flags.json })
      return 0
    }
    const current = await readRelease(shell, target.dir, observed.current)
    // One that had committed is a release to go back from, unless it was this very rollback.
    const id =
      flags.to ??
      (cut !== undefined && (cut.begin.to !== observed.current || cut.begin.kind === 'rollback')
        ? observed.current
        : findPreviousId(observed.entries, observed.current)) ??
      // A first one that was cut behind its commit: nothing is before it, and what is left is to finish it.
      cut?.begin.to
    if (id === undefined)
      throw new CliError(
        `${shell.name} has had no release before ${observed.current}: bun run releases lists what it holds`,
      )
    const to = observed.releases.includes(id) ? await readRelease(shell, target.dir, id) : undefined
    if (to === undefined)
      throw new CliError(`${shell.name} no longer holds ${id}: bun run releases lists what it holds`)
    const stuck = current === undefined ? [] : findIrreversible(current, to)
    const taken = snapshotBefore(observed, to.id)
    if (stuck.length > 0 && !flags['with-snapshot'])
      throw new CliError(
        `${observed.current} changed documents in a way that cannot be undone (${stuck.join(', ')}): the way back is the snapshot from before it`,
        {
          details: [
            ...(taken === undefined
              ? []
              : [
                  `bun run rollback --with-snapshot   puts back the documents of ${time(taken.at)}; what came since is lost`,
                ]),
            'bun run restore --identity FILE   puts back a backup; bun run backup --list has them',
          ],
        },
      )
    if (flags['with-snapshot'] && taken === undefined)
      throw new CliError(
        `${shell.name} holds no snapshot from before ${observed.current}: bun run restore --identity FILE puts back a backup`,
      )
    const rewind = flags['with-snapshot'] && taken !== undefined ? snapshotName(taken.run) : undefined
    if (flags['dry-run']) {
      const changes = compareReleases(current, to)
      const steps = planForward(current, to, { rewinds: rewind !== undefined }).map(formatStep)
      terminal.out(
        flags.json
          ? `${JSON.stringify({ from: observed.current, to: id, changes, steps }, null, 2)}\n`
          : `${renderChanges(current, to, changes, style)}\nsteps: ${steps.join(', ')}\n`,
      )
      return 0
    }
    await deliverRelease(opened, {
      kind: 'rollback',
      what: `rollback to ${id}`,
      bundle: undefined,
      to,
      observed,
      current,
      supply: { kind: 'none' },
      timing: parseTiming(flags),
      terminal,
      style,
      json: flags.json,
      rewind,
    })
    return 0
  } finally {
    await shell.close()
  }
})
