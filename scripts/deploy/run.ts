import { CliError } from '../cli/fail.ts'
import { LeaseLost } from '../host/lease.ts'
import { LineLost } from '../host/shell.ts'
import { type ContainerState, unlike } from '../plan/release/gate.ts'
import { type BeginEntry, openRun, type RunKind, type RunRecord } from '../plan/release/journal.ts'
import { type Bundle, composeFile, membersOf, type Release } from '../plan/release/release.ts'
import { backward, forward, type Step, stepName } from '../plan/release/steps.ts'
import { openWatch, type Seen, type Watch } from './gate.ts'
import type { DeployHost, Observed, Telling, Timing } from './host.ts'

/** What the person sees of a run. */
export type Show = Telling & {
  readonly step: (name: string, state: 'start' | 'done' | 'failed') => void
  readonly seen: (seen: readonly Seen[]) => void
}

export type Wanted = {
  readonly kind: RunKind
  /** Files that may have to be brought; a rollback has none. */
  readonly bundle: Bundle | undefined
  readonly to: Release
  readonly by: string
  readonly what: string
  /** A snapshot to put documents back from, instead of migrating them. */
  readonly rewind?: string | undefined
}

export type RunParts = {
  readonly host: DeployHost
  readonly timing: Timing
  readonly show: Show
  readonly newId: () => string
}

/** The new release did not make it, and the one before is back, whole. */
export class Undone extends CliError {
  constructor(reason: string, back: string, details: readonly string[]) {
    super(`${reason}; ${back}`, { details, exitCode: 2 })
    this.name = 'Undone'
  }
}

/** The host is between two releases; the next command goes on from there. */
export class Unfinished extends CliError {
  constructor(reason: string, details: readonly string[] = []) {
    super(`${reason}; the next command (deploy:pi or rollback) finishes or undoes it`, {
      details,
      exitCode: 3,
    })
    this.name = 'Unfinished'
  }
}

/** A step whose line broke is tried again: every step may be. */
const TRIES = 4
const RETRY_MS = 2_000

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const detailsOf = (error: unknown): readonly string[] => (error instanceof CliError ? error.details : [])

/** Somebody else is at work, or nobody can be reached: nothing may be undone from here. */
const isOutOfReach = (error: unknown): boolean => error instanceof LeaseLost || error instanceof LineLost

const again = async <T>(work: () => Promise<T>, { timing, show }: RunParts): Promise<T> => {
  for (let tries = 1; ; tries++)
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof LineLost) || tries >= TRIES) throw error
      show.note(`${error.message}; trying again`)
      await timing.pause(RETRY_MS * tries)
    }
}

type Context = RunParts & {
  readonly run: string
  readonly from: Release | undefined
  readonly to: Release
  readonly bundle: Bundle | undefined
  readonly watch: Watch
  readonly before: readonly ContainerState[]
  readonly rewind: string | undefined
}

const membersIn = (release: Release, step: Extract<Step, { stack: unknown }>) =>
  release.stacks.find(({ stack }) => stack === step.stack)?.members ?? []

/**
 * True when a stack is the same in both releases and all of it runs and is well: then even what runs once is left alone,
 * on the way there and back. Whichever of the two releases started it, it is what both say.
 */
const isAsWanted = async (
  step: Extract<Step, { stack: unknown }>,
  release: Release,
  { host, from, to }: Context,
): Promise<boolean> => {
  const file = composeFile(step.stack)
  if (from === undefined || from.files[file] !== to.files[file]) return false
  const members = membersIn(release, step)
  const states = new Map((await host.states(members)).map((state) => [state.container, state]))
  return members.every((member) => unlike(member, states.get(member.container)) === undefined)
}

/** What each step does. `release`: the one that is being brought up. */
const execute = async (step: Step, release: Release, context: Context): Promise<void> => {
  const { host, from, to, bundle, watch, before, show, run, rewind } = context
  switch (step.kind) {
    case 'files':
      return bundle === undefined ? undefined : host.putFiles(bundle)
    case 'images':
      return host.bringImages(release, show)
    case 'prepare':
      return host.prepare(release)
    case 'snapshot':
      return from === undefined ? undefined : host.snapshot({ from, to }, snapshotOf(run))
    case 'migrate':
      return from === undefined ? undefined : host.migrate({ from, to })
    case 'rewind':
      return from === undefined || rewind === undefined ? undefined : host.restore({ from, to }, rewind)
    case 'restore':
      return from === undefined ? undefined : host.restore({ from, to }, snapshotOf(run))
    case 'stop':
      return host.stop(from ?? to, step.stack)
    case 'up':
      return (await isAsWanted(step, release, context)) ? undefined : host.up(release, step.stack)
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
const perform = async (step: Step, release: Release, prefix: string, context: Context): Promise<void> => {
  const { host, run, timing, show } = context
  const name = `${prefix}${stepName(step)}`
  const note = (phase: 'start' | 'done' | 'failed', reason?: string) =>
    again(
      () =>
        host.journal({ at: timing.now(), run, step: name, phase, ...(reason !== undefined && { reason }) }),
      context,
    )
  await note('start')
  show.step(name, 'start')
  try {
    await again(() => execute(step, release, context), context)
  } catch (error) {
    show.step(name, 'failed')
    if (!isOutOfReach(error)) await note('failed', wordsOf(error))
    throw error
  }
  show.step(name, 'done')
  await note('done')
}

const end = (context: Context, outcome: 'done' | 'undone' | 'failed', reason?: string) =>
  again(
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
export const snapshotOf = (run: string): string => `run-${run}`

/** True when documents may have been changed: the step was begun. */
const hasMigrated = ({ steps }: Pick<RunRecord, 'steps'>): boolean =>
  steps.some(({ step }) => step === 'migrate' || step === 'rewind')

/** Tries to put a step of the way back through even when the engine refuses it for a while. */
const insist = async (work: () => Promise<void>, { timing, show }: RunParts): Promise<void> => {
  for (let tries = 1; ; tries++)
    try {
      return await work()
    } catch (error) {
      if (isOutOfReach(error) || tries >= TRIES) throw error
      show.note(`${wordsOf(error)}; trying again`)
      await timing.pause(RETRY_MS * tries)
    }
}

/**
 * Puts the release before back, whole. Answers whether it is well again. Throws Unfinished when the engine or the line
 * did not let it: then the run stays open.
 */
const undo = async (
  forwardContext: Context,
  reason: string,
  { migrated }: { readonly migrated: boolean },
): Promise<'undone' | 'failed'> => {
  const { from, to, show, host, timing } = forwardContext
  // What was well on the way there is started anew on the way back.
  const context: Context = { ...forwardContext, watch: openWatch(host, timing, show.seen) }
  const target = from ?? to
  const [changes, checks] = [false, true].map((isCheck) =>
    backward(from, to, { migrated }).filter(({ kind }) => (kind === 'health') === isCheck),
  )
  show.note(`putting ${from === undefined ? 'an empty host' : from.id} back: ${reason}`)
  try {
    // A commit that failed may have been half done. While the pointer is on the new release nothing old is started.
    if ((await again(() => host.observe(), context)).current !== from?.id)
      await insist(() => again(() => host.commit(from?.id), context), context)
    for (const step of changes ?? []) await insist(() => perform(step, target, 'back:', context), context)
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    throw new Unfinished(`${reason}, and going back was cut short: ${wordsOf(error)}`, detailsOf(error))
  }
  let outcome: 'undone' | 'failed' = 'undone'
  for (const step of checks ?? [])
    try {
      await perform(step, target, 'back:', context)
    } catch (error) {
      if (isOutOfReach(error))
        throw error instanceof LeaseLost ? error : new Unfinished(reason, detailsOf(error))
      outcome = 'failed'
      show.note(`${target.id} is back but not well: ${wordsOf(error)}`)
    }
  await end(context, outcome, reason)
  return outcome
}

const backWords = (outcome: 'undone' | 'failed', from: Release | undefined): string => {
  if (from === undefined) return 'everything that was started is down again, volumes are kept'
  return outcome === 'undone'
    ? `${from.id} is back and healthy`
    : `${from.id} is back, but not all of it is healthy: bun run doctor looks why`
}

const contextOf = async (
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
    watch: openWatch(host, timing, show.seen),
    before: await again(() => host.states(membersOf(to)), parts),
    rewind,
  }
}

/** What became of a run that was cut; `failed`: the release before is back and not well. */
export type Recovered = 'none' | 'finished' | 'undone' | 'failed'

/**
 * Closes a run that was cut: one that had committed is done; any other is undone. Does nothing when there is none.
 * Throws Unfinished when it cannot.
 */
export const recover = async (parts: RunParts, { current, entries }: Observed): Promise<Recovered> => {
  const open = openRun(entries)
  if (open === undefined) return 'none'
  const { begin } = open
  parts.show.note(`${begin.what} by ${begin.by} was cut short`)
  const [from, to] = await Promise.all([
    begin.from === null ? undefined : again(() => parts.host.release(begin.from ?? ''), parts),
    again(() => parts.host.release(begin.to), parts),
  ])
  if (begin.from !== null && from === undefined)
    throw new CliError(
      `${parts.host.name}: the files of ${begin.from}, which must be put back, are not there`,
    )
  // Its files had not come whole, so nothing of it was started.
  const known = to ?? from
  if (known === undefined) {
    await again(
      () =>
        parts.host.journal({
          at: parts.timing.now(),
          run: begin.run,
          phase: 'end',
          outcome: 'undone',
          reason: 'cut short',
        }),
      parts,
    )
    return 'undone'
  }
  const context = await contextOf(parts, begin.run, { from, to: known, bundle: undefined, rewind: undefined })
  if (current === begin.to && begin.to !== begin.from) {
    await end(context, 'done', 'finished by the next command')
    return 'finished'
  }
  return undo(context, 'it was cut short', { migrated: hasMigrated(open) })
}

/**
 * Brings a host from the release it has to another one, or leaves it as it was. Throws Undone when the new one did
 * not make it, Unfinished when the line or the engine did not let this end either way, LeaseLost.
 */
export const runRelease = async (
  parts: RunParts,
  { kind, bundle, to, by, what, rewind }: Wanted,
): Promise<void> => {
  const { host, timing } = parts
  const observed = await again(() => host.observe(), parts)
  const recovered = await recover(parts, observed)
  const { current } = observed.entries.length === 0 ? observed : await again(() => host.observe(), parts)
  const from = current === undefined ? undefined : await again(() => host.release(current), parts)
  if (current !== undefined && from === undefined)
    throw new CliError(
      `${host.name}: the files of ${current}, which runs there, are not whole: bun run doctor`,
    )
  // The way back has just brought it and gated it on health: a second run would do the same again.
  if (recovered === 'undone' && from?.id === to.id) return
  const run = parts.newId()
  const begin: BeginEntry = {
    at: timing.now(),
    run,
    phase: 'begin',
    kind,
    from: current ?? null,
    to: to.id,
    by,
    what,
  }
  await again(() => host.journal(begin), parts)
  const context = await contextOf(parts, run, { from, to, bundle, rewind })
  let migrated = false
  try {
    for (const step of forward(from, to, { rewinds: rewind !== undefined })) {
      if (step.kind === 'migrate' || step.kind === 'rewind') migrated = true
      await perform(step, to, '', context)
    }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    if (error instanceof LineLost) throw new Unfinished(wordsOf(error), detailsOf(error))
    const outcome = await undo(context, wordsOf(error), { migrated })
    throw new Undone(wordsOf(error), backWords(outcome, from), detailsOf(error))
  }
  await end(context, 'done')
}
