import { duration, plural } from '#common/cli/format'
import { paint, type Style } from '#common/cli/style'
import type { Terminal } from '../../cli/run-command.ts'
import { type HostSession, whoami, withLease } from '../../host/open.ts'
import { changesOf, summaryOf } from '../content/diff.ts'
import { checkScript } from '../content/files-script.ts'
import { type Bundle, membersOf, type Release } from '../content/release.ts'
import { differences } from '../host/observe.ts'
import type { Observed, Timing } from './host.ts'
import { committed, openRun, type RunKind, runsOf } from './journal.ts'
import { hostParts, type Supply } from './parts.ts'
import { snapshotOf } from './perform.ts'
import { recover } from './recover.ts'
import { runRelease } from './run.ts'
import { openScreen } from './screen.ts'
import { shellHost } from './shell-host.ts'
import { newRunId } from './timing.ts'

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
export const isDone = async (
  { shell, target }: HostSession,
  { observed, to }: Pick<Delivery, 'observed' | 'to'>,
): Promise<boolean> =>
  observed.current === to.id &&
  openRun(observed.entries) === undefined &&
  (await shell.run(checkScript(target.dir, to))).code === 0 &&
  (await differences(shell, to)).length === 0

/**
 * Brings a host to a release and says how it went: nothing at all when it is there and well. Throws what runRelease
 * throws.
 */
export const deliver = async (
  opened: HostSession,
  { kind, what, bundle, to, observed, current, supply, timing, terminal, style, json, rewind }: Delivery,
): Promise<void> => {
  const began = timing.now()
  const tell = (outcome: 'nothing to do' | 'done') => {
    const ms = timing.now() - began
    const summary = summaryOf(changesOf(current, to))
    terminal.out(
      json
        ? `${JSON.stringify({ ok: true, outcome, release: to.id, before: current?.id ?? null, changed: summary, ms })}\n`
        : outcome === 'done'
          ? `${paint(style, 'green', `${to.id} runs on ${opened.shell.name}`)}: ${plural(membersOf(to).length, 'container')}, ${summary} changed, ${duration(ms)}\n`
          : `${to.id} runs on ${opened.shell.name} already, and is healthy: nothing to do\n`,
    )
  }
  if (await isDone(opened, { observed, to })) return tell('nothing to do')
  const screen = openScreen(terminal.err, style, { release: to, now: timing.now })
  try {
    await withLease(opened, { what, onWait: screen.note }, async (lease) => {
      const host = shellHost(lease, hostParts(lease, supply))
      await runRelease(
        { host, timing, show: screen, newId: newRunId },
        { kind, bundle, to, by: whoami(), what, rewind },
      )
      const after = await host.observe()
      // The one that was left stays for now: to be looked at, or gone back to after a rollback.
      const left = current === undefined ? [] : [current.id]
      const keep = new Set([...committed(after.entries).slice(-KEPT), to.id, ...left])
      const releases = await Promise.all([...keep].map((id) => host.release(id)))
      const snapshots = runsOf(after.entries)
        .filter(({ begin }) => keep.has(begin.to))
        .map(({ begin }) => snapshotOf(begin.run))
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
export const undoFirst = async (
  opened: HostSession,
  { timing, terminal, style, json }: Pick<Delivery, 'timing' | 'terminal' | 'style' | 'json'>,
): Promise<void> => {
  const screen = openScreen(terminal.err, style, { release: { stacks: [] }, now: timing.now })
  try {
    await withLease(opened, { what: 'rollback', onWait: screen.note }, async (lease) => {
      const host = shellHost(lease, hostParts(lease, { kind: 'none' }))
      await recover({ host, timing, show: screen, newId: newRunId }, await host.observe())
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
