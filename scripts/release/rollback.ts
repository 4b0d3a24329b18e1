import type { Command } from '#common/cli/args'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { targetFlags } from '../host/target.ts'
import { findIrreversible } from './content/migrations.ts'
import type { Release } from './content/release.ts'
import { readRelease } from './host/observe.ts'
import { readVolumes, requireVolumes } from './host/volume-marks.ts'
import { finishCommand, type ReleaseCommand, withReleaseCommand } from './run/command.ts'
import { undoFirstDeploy } from './run/deliver.ts'
import { gateFlags } from './run/gate-flags.ts'
import { findOpenRun, type RunRecord } from './run/journal.ts'
import { snapshotName } from './run/perform.ts'
import { chooseRollback, findSnapshotRun } from './run/rollback-rules.ts'
import { findTool } from './run/supply.ts'

export const command = {
  name: 'rollback',
  about:
    'puts the release before back, from what the host holds: no registry, no build, no network but the connection to it',
  flags: {
    ...targetFlags,
    to: { type: 'string', value: 'ID', about: 'this release (bun run releases lists them) instead of the one before' },
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

const formatTime = (at: number): string => `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`

/** On a host without a release: what a first deploy that was cut left there is taken away. */
const undoFirst = async (command: ReleaseCommand, cut: RunRecord | undefined): Promise<void> => {
  const { shell, terminal, dryRun } = command
  if (cut === undefined) throw new CliError(`${shell.name} runs no release: bun run deploy:pi`)
  if (dryRun) terminal.out(`${cut.begin.what} by ${cut.begin.by} was cut: everything that it started is taken down\n`)
  else await undoFirstDeploy(command, command)
}

const readTarget = async ({ shell, target, observed }: ReleaseCommand, id: string | undefined): Promise<Release> => {
  if (id === undefined)
    throw new CliError(
      `${shell.name} has had no release before ${observed.current}: bun run releases lists what it holds`,
    )
  const to = observed.releases.includes(id) ? await readRelease(shell, target.dir, id) : undefined
  if (to === undefined) throw new CliError(`${shell.name} no longer holds ${id}: bun run releases lists what it holds`)
  return to
}

/** Throws CliError where nothing but a snapshot or a backup leads back, and says which there is. */
const requireReversible = (
  { observed }: ReleaseCommand,
  { current, to }: { readonly current: Release | undefined; readonly to: Release },
): void => {
  const stuck = current === undefined ? [] : findIrreversible(current, to)
  if (stuck.length === 0) return
  const run = findSnapshotRun(observed, to.id)
  const snapshot =
    run &&
    `bun run rollback --with-snapshot   puts back the documents of ${formatTime(run.at)}; what came since is lost`
  throw new CliError(
    `${observed.current} changed documents in a way that cannot be undone (${stuck.join(', ')}): the way back is the snapshot from before it`,
    {
      details: [
        ...(snapshot === undefined ? [] : [snapshot]),
        'bun run restore --identity FILE   puts back a backup; bun run backup --list has them',
      ],
    },
  )
}

const findSnapshot = ({ shell, observed }: ReleaseCommand, to: Release): string => {
  const run = findSnapshotRun(observed, to.id)
  if (run === undefined)
    throw new CliError(
      `${shell.name} holds no snapshot from before ${observed.current}: bun run restore --identity FILE puts back a backup`,
    )
  return snapshotName(run.run)
}

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withReleaseCommand(flags, terminal, async (command) => {
    const { shell, target, observed } = command
    const cut = findOpenRun(observed.entries)
    if (observed.current === undefined) return undoFirst(command, cut)
    const current = await readRelease(shell, target.dir, observed.current)
    const to = await readTarget(command, flags.to ?? chooseRollback(observed, cut))
    if (!flags['with-snapshot']) requireReversible(command, { current, to })
    requireVolumes(shell.name, await readVolumes(shell, target.dir, [findTool(to)]))
    await finishCommand(command, {
      kind: 'rollback',
      what: `rollback to ${to.id}`,
      bundle: undefined,
      to,
      current,
      supply: { kind: 'none' },
      rewind: flags['with-snapshot'] ? findSnapshot(command, to) : undefined,
    })
  }),
)
