import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import { LeaseLost } from '../../host/lease.ts'
import type { Bundle, Release } from '../content/release.ts'
import { type BeginEntry, findOpenRun, type RunKind } from './journal.ts'
import { detailsOf, endRun, openContext, performStep, type RunParts, requireFiles, retryConnection } from './perform.ts'
import { planForward } from './plan.ts'
import { recoverRun } from './recover.ts'
import type { HostReleases } from './release-host.ts'
import { describeUndo, Undone, Unfinished, undoRun } from './undo.ts'

export type ReleaseRun = {
  readonly kind: RunKind
  /** Files that may have to be brought; a rollback has none. */
  readonly bundle: Bundle | undefined
  readonly to: Release
  readonly by: string
  readonly what: string
  /** A snapshot to put documents back from, instead of migrating them. */
  readonly rewind?: string | undefined
}

/** Makes the files of every release that may be gone back to whole before anything is started. Throws CliError. */
const mendFiles = async (
  parts: RunParts,
  { current, entries }: HostReleases,
  bundle: Bundle | undefined,
): Promise<void> => {
  const { host } = parts
  for (const id of new Set([current, findOpenRun(entries)?.begin.from])) {
    const release = id ? await retryConnection(() => host.release(id), parts) : undefined
    if (id && bundle?.release.id === id) await retryConnection(() => host.putFiles(bundle), parts)
    else if (release !== undefined) await retryConnection(() => requireFiles(release, parts), parts)
  }
}

/** Brings a host from one release to another, or leaves it as it was. Throws Undone, Unfinished, LeaseLost. */
export const applyRelease = async (
  parts: RunParts,
  { kind, bundle, to, by, what, rewind }: ReleaseRun,
): Promise<void> => {
  const { host, timing } = parts
  const observed = await retryConnection(() => host.observe(), parts)
  await mendFiles(parts, observed, bundle)
  const recovered = await recoverRun(parts, observed, to.id)
  const { current } = observed.entries.length === 0 ? observed : await retryConnection(() => host.observe(), parts)
  const there = current === undefined ? undefined : await retryConnection(() => host.release(current), parts)
  // The release that runs is brought anew where its own file is gone.
  const from = there ?? (bundle?.release.id === current ? bundle?.release : undefined)
  if (current !== undefined && from === undefined)
    throw new CliError(`${host.name}: the files of ${current}, which runs there, are not whole: bun run doctor`)
  // It was just brought there and gated on health: a second run would do the same again.
  if ((recovered === 'undone' || recovered === 'finished') && from?.id === to.id) return
  const run = parts.newId()
  const begin: BeginEntry = { at: timing.now(), run, phase: 'begin', kind, from: current ?? null, to: to.id, by, what }
  await retryConnection(() => host.journal(begin), parts)
  const context = await openContext(parts, run, { from, to, bundle, rewind })
  let migrated = false
  try {
    for (const step of planForward(from, to, { rewinds: rewind !== undefined })) {
      if (step.kind === 'migrate' || step.kind === 'rewind') migrated = true
      await performStep(step, to, '', context)
    }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    if (error instanceof ConnectionLost) throw new Unfinished(errorMessage(error), detailsOf(error))
    const outcome = await undoRun(context, errorMessage(error), { migrated })
    throw new Undone(errorMessage(error), describeUndo(outcome, from, { migrated }), detailsOf(error))
  }
  await endRun(context, 'done')
}
