import { detectStyle, type Style } from '#common/cli/style'
import { jsonText, text } from '#common/cli/text'
import { CliError } from '../../cli/fail.ts'
import type { Terminal } from '../../cli/run-command.ts'
import { type HostSession, withHost } from '../../host/open.ts'
import { compareReleases } from '../content/diff.ts'
import type { Release } from '../content/release.ts'
import { inspectDrift, observeHost } from '../host/observe.ts'
import { type Checked, listFaults } from '../host/preflight.ts'
import { type Delivery, deliverRelease } from './deliver.ts'
import { parseTiming } from './gate-flags.ts'
import { formatStep, planForward } from './plan.ts'
import type { HostReleases, Timing } from './release-host.ts'
import { renderChanges, renderDrift } from './tables.ts'

/** What deploy:pi, update and rollback work with: an open host, what it knows of its releases, and how to say it. */
export type ReleaseCommand = HostSession & {
  readonly observed: HostReleases
  readonly timing: Timing
  readonly terminal: Terminal
  readonly style: Style
  readonly json: boolean
  readonly dryRun: boolean
}

type Flags = Parameters<typeof withHost>[0] &
  Parameters<typeof parseTiming>[0] & { readonly 'dry-run': boolean; readonly json: boolean }

/** Opens the host of a command that changes a release, and closes it when the work is done or fails. */
export const withReleaseCommand = (
  flags: Flags,
  terminal: Terminal,
  work: (command: ReleaseCommand) => Promise<void>,
): Promise<number> =>
  withHost(flags, process.env, async (session) => {
    const observed = await observeHost(session.shell, session.target.dir)
    const style = detectStyle(process.stderr, process.env)
    const timing = parseTiming(flags)
    await work({ ...session, observed, timing, terminal, style, json: flags.json, dryRun: flags['dry-run'] })
    return 0
  })

/** Throws CliError with every fault of a preflight; nothing was changed then. */
export const requireReady = ({ shell }: ReleaseCommand, checked: readonly Checked[]): void => {
  const faults = listFaults(checked)
  if (faults.length > 0) throw new CliError(`${shell.name} is not ready, and nothing was changed`, { details: faults })
}

/** What a command wants of a host, beside what all of them have. */
export type ReleaseChange = Omit<Delivery, keyof ReleaseCommand> & { readonly current: Release | undefined }

const showPlan = async (
  { shell, target, terminal, style, json }: ReleaseCommand,
  { current, to, bundle, rewind }: ReleaseChange,
): Promise<void> => {
  const changes = compareReleases(current, to)
  const drift = await inspectDrift(shell, target.dir, { current, bundle })
  const steps = planForward(current, to, { rewinds: rewind !== undefined }).map(formatStep)
  terminal.out(
    json
      ? jsonText({ from: current?.id ?? null, to: to.id, changes, drift, steps })
      : text([renderChanges(current, to, changes, style), renderDrift(drift, style), `steps: ${steps.join(', ')}`]),
  )
}

/** The end of every such command: with --dry-run what would change and the steps, else the release is brought there. */
export const finishCommand = async (command: ReleaseCommand, change: ReleaseChange): Promise<void> =>
  command.dryRun ? showPlan(command, change) : deliverRelease(command, { ...command, ...change })
