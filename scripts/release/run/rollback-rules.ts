import { findPreviousId, groupRuns, type RunRecord } from './journal.ts'
import type { HostReleases } from './release-host.ts'

/** The release that a rollback without an argument goes to: behind a run that was cut, unless it was this rollback. */
export const chooseRollback = (
  { current, entries }: Pick<HostReleases, 'current' | 'entries'>,
  cut: RunRecord | undefined,
): string | undefined => {
  const isUncommitted = cut !== undefined && (cut.begin.to !== current || cut.begin.kind === 'rollback')
  const target = isUncommitted ? current : findPreviousId(entries, current)
  // A first one that was cut behind its commit: nothing is before it, and what is left is to finish it.
  return target ?? cut?.begin.to
}

/** The run that brought the current release over this one: it took a snapshot before it changed documents. */
export const findSnapshotRun = (
  { current, entries }: Pick<HostReleases, 'current' | 'entries'>,
  older: string,
): RunRecord['begin'] | undefined =>
  groupRuns(entries).findLast(
    ({ begin, steps, end }) =>
      end?.outcome === 'done' &&
      begin.to === current &&
      begin.from === older &&
      steps.some(({ step, phase }) => step === 'snapshot' && phase === 'done'),
  )?.begin
