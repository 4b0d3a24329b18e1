import { randomUUID } from 'node:crypto'
import { duration, plural } from '#common/cli/format'
import type { Style } from '#common/cli/style'
import { text } from '#common/cli/text'
import type { Terminal } from '../../cli/run-command.ts'
import { type HostSession, whoami, withLease } from '../../host/open.ts'
import { quote } from '../../host/quote.ts'
import { compareReleases, summarizeChanges } from '../content/diff.ts'
import { type Bundle, listMembers, type Release } from '../content/release.ts'
import { inspectDrift } from '../host/observe.ts'
import { applyRelease } from './apply.ts'
import { findOpenRun, groupRuns, listCommitted, type RunKind } from './journal.ts'
import { type RunParts, snapshotName } from './perform.ts'
import { recoverRun } from './recover.ts'
import type { HostReleases, ReleaseHost, Timing } from './release-host.ts'
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
  readonly observed: HostReleases
  readonly current: Release | undefined
  readonly supply: Supply
  readonly timing: Timing
  readonly terminal: Terminal
  readonly style: Style
  readonly json: boolean
  readonly rewind?: string | undefined
}

/** Whether a host takes from now on what the key of a release has signed. A rollback brings no key. */
const keepsSigner = async (
  { shell, target }: HostSession,
  { bundle, to }: Pick<Delivery, 'bundle' | 'to'>,
): Promise<boolean> =>
  bundle === undefined || (await shell.run(`cat ${quote(`${target.dir}/deploy/signer`)}`)).out.trim() === to.signer

/** True when a release is a host's committed one, no run is open, and all is as it says, runs, and is trusted. */
export const isInPlace = async (
  session: HostSession,
  delivery: Pick<Delivery, 'observed' | 'to' | 'bundle'>,
): Promise<boolean> => {
  const { observed, to, bundle } = delivery
  if (observed.current !== to.id || findOpenRun(observed.entries) !== undefined) return false
  if (!(await keepsSigner(session, delivery))) return false
  return (await inspectDrift(session.shell, session.target.dir, { current: to, bundle })).length === 0
}

const report = (
  { shell }: HostSession,
  { to, current, terminal, style, json }: Delivery,
  { outcome, ms }: { readonly outcome: 'nothing to do' | 'done'; readonly ms: number },
): void => {
  const summary = summarizeChanges(compareReleases(current, to))
  const before = current?.id ?? null
  terminal.out(
    json
      ? `${JSON.stringify({ ok: true, outcome, release: to.id, before, changed: summary, ms })}\n`
      : outcome === 'done'
        ? text(
            [
              [
                { text: `${to.id} runs on ${shell.name}`, colour: 'green' },
                `: ${plural(listMembers(to).length, 'container')}, ${summary} changed, ${duration(ms)}`,
              ],
            ],
            style,
          )
        : `${to.id} runs on ${shell.name} already, and is healthy: nothing to do\n`,
  )
}

/** Clears away what no kept release has. What cannot be cleared away now is by the next run. */
const pruneHost = async (
  host: ReleaseHost,
  { to, current }: Pick<Delivery, 'to' | 'current'>,
  note: (text: string) => void,
): Promise<void> => {
  const { entries } = await host.observe()
  // The one that was left stays for now: to be looked at, or gone back to after a rollback.
  const left = current === undefined ? [] : [current.id]
  const keep = new Set([...listCommitted(entries).slice(-KEPT), to.id, ...left])
  const releases = await Promise.all([...keep].map((id) => host.release(id)))
  const snapshots = groupRuns(entries)
    .filter(({ begin }) => keep.has(begin.to))
    .map(({ begin }) => snapshotName(begin.run))
  await host
    .prune({ releases: releases.filter((one) => one !== undefined), snapshots })
    .catch((error: unknown) => note(String(error)))
}

type Work = (host: ReleaseHost, parts: Pick<RunParts, 'timing' | 'show' | 'newId'>) => Promise<void>

const withRun = async (
  session: HostSession,
  {
    what,
    supply,
    stacks,
    timing,
    terminal,
    style,
  }: Pick<Delivery, 'what' | 'supply' | 'timing' | 'terminal' | 'style'> & Pick<Release, 'stacks'>,
  work: Work,
): Promise<void> => {
  const show = openRunTable(terminal.err, style, { release: { stacks }, now: timing.now })
  try {
    await withLease(session, { what, onWait: show.note }, (lease) =>
      work(openShellHost(lease, supply), { timing, show, newId: randomUUID }),
    )
  } finally {
    show.close()
  }
}

/** Brings a host to a release and says how it went: nothing when it is there and well. Throws as applyRelease. */
export const deliverRelease = async (session: HostSession, delivery: Delivery): Promise<void> => {
  const { kind, what, bundle, to, timing, rewind } = delivery
  const began = timing.now()
  if (await isInPlace(session, delivery))
    return report(session, delivery, { outcome: 'nothing to do', ms: timing.now() - began })
  await withRun(session, { ...delivery, stacks: to.stacks }, async (host, parts) => {
    await applyRelease({ host, ...parts }, { kind, bundle, to, by: whoami(), what, rewind })
    await pruneHost(host, delivery, parts.show.note)
  })
  report(session, delivery, { outcome: 'done', ms: timing.now() - began })
}

/** Takes away what a first deploy that was cut left on a host that has no release. Throws what recoverRun throws. */
export const undoFirstDeploy = async (
  session: HostSession,
  { timing, terminal, style, json }: Pick<Delivery, 'timing' | 'terminal' | 'style' | 'json'>,
): Promise<void> => {
  const run = { what: 'rollback', supply: { kind: 'none' }, stacks: [], timing, terminal, style } as const
  await withRun(session, run, async (host, parts) => {
    await recoverRun({ host, ...parts }, await host.observe())
  })
  terminal.out(
    json
      ? `${JSON.stringify({ ok: true, outcome: 'undone', release: null })}\n`
      : `${session.shell.name} is without a release again: everything that was started is down, volumes are kept\n`,
  )
}
