import { duration, plural } from '#common/cli/format'
import { paint, type Style } from '#common/cli/style'
import type { Terminal } from '../../cli/run-command.ts'
import { type HostSession, whoami, withLease } from '../../host/open.ts'
import { compareReleases, summarizeChanges } from '../content/diff.ts'
import { checkScript } from '../content/files-script.ts'
import { type Bundle, listMembers, type Release } from '../content/release.ts'
import { differences } from '../host/observe.ts'
import { applyRelease } from './apply.ts'
import { newRunId } from './gate-flags.ts'
import { findOpenRun, groupRuns, listCommitted, type RunKind } from './journal.ts'
import { snapshotName } from './perform.ts'
import { recoverRun } from './recover.ts'
import type { Observed, Timing } from './release-host.ts'
import { openRunTable } from './run-table.ts'
import { openShellHost } from './shell-host.ts'
import type { Supply } from './supply.ts'

/** Releases that a host keeps, the current one included. */
export const KEPT = 5

export type Delivery = {
  readonly kind: RunKind
  readonly what: string
  readonly bundle: Bundle | undefined
  readonly to: Release
  readonly observed: Observed
  readonly current: Release | undefined
  readonly supply: Supply
  readonly timing: Timing
  readonly terminal: Terminal
  readonly style: Style
  readonly json: boolean
  readonly rewind?: string | undefined
}

/** True when a release is the committed one of a host, whole, no run is open, and all of it runs and is well. */
export const isInPlace = async (
  { shell, target }: HostSession,
  { observed, to }: Pick<Delivery, 'observed' | 'to'>,
): Promise<boolean> =>
  observed.current === to.id &&
  findOpenRun(observed.entries) === undefined &&
  (await shell.run(checkScript(target.dir, to))).code === 0 &&
  (await differences(shell, to)).length === 0

/**
 * Brings a host to a release and says how it went: nothing at all when it is there and well. Throws what runRelease
 * throws.
 */
export const deliverRelease = async (
  opened: HostSession,
  { kind, what, bundle, to, observed, current, supply, timing, terminal, style, json, rewind }: Delivery,
): Promise<void> => {
  const began = timing.now()
  const tell = (outcome: 'nothing to do' | 'done') => {
    const ms = timing.now() - began
    const summary = summarizeChanges(compareReleases(current, to))
    terminal.out(
      json
        ? `${JSON.stringify({ ok: true, outcome, release: to.id, before: current?.id ?? null, changed: summary, ms })}\n`
        : outcome === 'done'
          ? `${paint(style, 'green', `${to.id} runs on ${opened.shell.name}`)}: ${plural(listMembers(to).length, 'container')}, ${summary} changed, ${duration(ms)}\n`
          : `${to.id} runs on ${opened.shell.name} already, and is healthy: nothing to do\n`,
    )
  }
  if (await isInPlace(opened, { observed, to })) return tell('nothing to do')
  const screen = openRunTable(terminal.err, style, { release: to, now: timing.now })
  try {
    await withLease(opened, { what, onWait: screen.note }, async (lease) => {
      const host = openShellHost(lease, supply)
      await applyRelease(
        { host, timing, show: screen, newId: newRunId },
        { kind, bundle, to, by: whoami(), what, rewind },
      )
      const after = await host.observe()
      // The one that was left stays for now: to be looked at, or gone back to after a rollback.
      const left = current === undefined ? [] : [current.id]
      const keep = new Set([...listCommitted(after.entries).slice(-KEPT), to.id, ...left])
      const releases = await Promise.all([...keep].map((id) => host.release(id)))
      const snapshots = groupRuns(after.entries)
        .filter(({ begin }) => keep.has(begin.to))
        .map(({ begin }) => snapshotName(begin.run))
      // What cannot be cleared away now is by the next run.
      await host
        .prune({ releases: releases.filter((one) => one !== undefined), snapshots })
        .catch((error: unknown) => screen.note(String(error)))
    })
  } finally {
    screen.close()
  }
  tell('done')
}

/** Takes away what a first deploy that was cut left on a host that has no release. Throws what recover throws. */
export const undoFirstDeploy = async (
  opened: HostSession,
  { timing, terminal, style, json }: Pick<Delivery, 'timing' | 'terminal' | 'style' | 'json'>,
): Promise<void> => {
  const screen = openRunTable(terminal.err, style, { release: { stacks: [] }, now: timing.now })
  try {
    await withLease(opened, { what: 'rollback', onWait: screen.note }, async (lease) => {
      const host = openShellHost(lease, { kind: 'none' })
      await recoverRun({ host, timing, show: screen, newId: newRunId }, await host.observe())
    })
  } finally {
    screen.close()
  }
  terminal.out(
    json
      ? `${JSON.stringify({ ok: true, outcome: 'undone', release: null })}\n`
      : `${opened.shell.name} is without a release again: everything that was started is down, volumes are kept\n`,
  )
}
