import type { ContainerState } from '#common/host/facts/container'
import { retry } from '#common/process/backoff'
import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import { LeaseLost } from '../../host/lease.ts'
import { type Bundle, composeFile, listMembers, type Release } from '../content/release.ts'
import { formatDrift } from '../drift/drift.ts'
import { openWatch, type Seen, type Watch } from './gate.ts'
import { formatStep, type Step } from './plan.ts'
import type { ReleaseHost, StepReporter, Timing } from './release-host.ts'

/** What the person sees of a run. */
export type RunDisplay = StepReporter & {
  readonly step: (name: string, state: 'start' | 'done' | 'failed') => void
  readonly health: (seen: readonly Seen[]) => void
}

export type RunParts = {
  readonly host: ReleaseHost
  readonly timing: Timing
  readonly show: RunDisplay
  readonly newId: () => string
}

/** A step whose connection broke is tried again: every step may be. */
const TRIES = 4
const RETRY_MS = 2_000

export const detailsOf = (error: unknown): readonly string[] => (error instanceof CliError ? error.details : [])

/** Somebody else is at work, or nobody can be reached: nothing may be undone from here. */
export const isOutOfReach = (error: unknown): boolean => error instanceof LeaseLost || error instanceof ConnectionLost

/** Calls `work` again while it fails in a way that passes, and says so. */
export const tryAgain = <T>(
  work: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { timing, show }: RunParts,
): Promise<T> =>
  retry(work, {
    tries: TRIES,
    isPassing,
    onRetry: (error) => show.note(`${errorMessage(error)}; trying again`),
    delay: (failures) => RETRY_MS * failures,
    pause: timing.pause,
  })

export const retryConnection = <T>(work: () => Promise<T>, parts: RunParts): Promise<T> =>
  tryAgain(work, (error) => error instanceof ConnectionLost, parts)

export type Context = RunParts & {
  readonly run: string
  readonly from: Release | undefined
  readonly to: Release
  readonly bundle: Bundle | undefined
  readonly watch: Watch
  readonly before: readonly ContainerState[]
  readonly rewind: string | undefined
}

export const openContext = async (
  parts: RunParts,
  run: string,
  { from, to, bundle, rewind }: Pick<Context, 'from' | 'to' | 'bundle' | 'rewind'>,
): Promise<Context> => {
  const { host, timing, show } = parts
  return {
    ...parts,
    run,
    from,
    to,
    bundle,
    watch: openWatch(host, timing, show.health),
    before: await retryConnection(() => host.states(listMembers(to)), parts),
    rewind,
  }
}

const membersIn = (release: Release, step: Extract<Step, { stack: unknown }>) =>
  release.stacks.find(({ stack }) => stack === step.stack)?.members ?? []

/**
 * Starts a stack. One that is the same in both releases, and of which all runs as they say, well or about to be, is left
 * alone, even what runs once, on the way there and back: whichever of the two started it, it is what both say. What was
 * changed behind the release's back is said, and made anew.
 */
const bringUp = async (
  { stack }: Extract<Step, { stack: unknown }>,
  release: Release,
  { host, from, to, show }: Context,
): Promise<void> => {
  const file = composeFile(stack)
  const drift = (await host.drift(release)).filter((one) => one.stack === stack)
  const isSame = from !== undefined && from.files[file] === to.files[file]
  if (isSame && drift.length === 0) return
  // Between two releases nearly everything differs, and that is meant.
  for (const one of drift) if (isSame || one.remake !== undefined) show.note(`${formatDrift(one)}: put right`)
  await host.up(release, stack, {
    remake: drift.flatMap(({ remake }) => remake ?? []),
    remove: drift.flatMap(({ remove }) => remove ?? []),
  })
}

/** Puts files right that were changed by hand, and says so: what is not as it was made is never applied. */
export const requireFiles = async (
  release: Release,
  { host, show }: Pick<RunParts, 'host' | 'show'>,
): Promise<void> => {
  for (const path of await host.requireFiles(release)) show.note(`${path} was changed by hand: put right`)
}

/** What each step does. `release`: the one that is being brought up. */
const executeStep = async (step: Step, release: Release, context: Context): Promise<void> => {
  const { host, from, to, bundle, watch, before, show, run, rewind } = context
  switch (step.kind) {
    case 'files':
      return bundle === undefined ? requireFiles(release, context) : host.putFiles(bundle)
    case 'images':
      return host.bringImages(release, show)
    case 'prepare':
      for (const what of await host.prepare(release)) show.note(what)
      return
    case 'snapshot':
      return from === undefined ? undefined : host.snapshot({ from, to }, snapshotName(run))
    case 'migrate':
      return from === undefined ? undefined : host.migrate({ from, to })
    case 'rewind':
      return from === undefined || rewind === undefined ? undefined : host.restore({ from, to }, rewind)
    case 'restore':
      return from === undefined ? undefined : host.restore({ from, to }, snapshotName(run))
    case 'stop':
      return host.stop(from ?? to, step.stack)
    case 'up':
      return bringUp(step, release, context)
    case 'health':
      return watch.until(membersIn(release, step))
    case 'down':
      return host.down(from?.stacks.some(({ stack }) => stack === step.stack) ? from : to, step.stack)
    case 'settle':
      return watch.settle(before)
    case 'commit':
      return host.commit(release.id)
  }
}

/** A step between its two lines of the journal. */
export const performStep = async (step: Step, release: Release, prefix: string, context: Context): Promise<void> => {
  const { host, run, timing, show } = context
  const name = `${prefix}${formatStep(step)}`
  const note = (phase: 'start' | 'done' | 'failed', reason?: string) =>
    retryConnection(
      () => host.journal({ at: timing.now(), run, step: name, phase, ...(reason !== undefined && { reason }) }),
      context,
    )
  await note('start')
  show.step(name, 'start')
  try {
    await retryConnection(() => executeStep(step, release, context), context)
  } catch (error) {
    show.step(name, 'failed')
    if (!isOutOfReach(error)) await note('failed', errorMessage(error))
    throw error
  }
  show.step(name, 'done')
  await note('done')
}

export const endRun = (context: Context, outcome: 'done' | 'undone' | 'failed', reason?: string) =>
  retryConnection(
    () =>
      context.host.journal({
        at: context.timing.now(),
        run: context.run,
        phase: 'end',
        outcome,
        ...(reason !== undefined && { reason }),
      }),
    context,
  )

/** Name of the snapshot that a run takes before it changes documents. */
export const snapshotName = (run: string): string => `run-${run}`
