import { EX_CONFIG, explainExit } from '#common/host/exit-codes'
import { type Condition, type ContainerState, judgeContainer } from '#common/host/facts/container'
import type { Member } from '../content/release.ts'

/** What is known of a container since its stack was brought up. Times are ms of the deployer's clock. */
export type Watched = {
  readonly member: Member
  readonly since: number
  readonly state: ContainerState | undefined
  readonly wellAt: number | undefined
  readonly wellStart: number | undefined
  /** At the last look its health check, run by us, ended with 0. */
  readonly probed: boolean
  readonly restartsBefore: number | undefined
  /** What it ended with when it was last seen ended: the engine says 0 of one that it has started again. */
  readonly endedWith: number | undefined
}

export type Verdict =
  | { readonly kind: 'waiting'; readonly why: string }
  | { readonly kind: 'well' }
  | { readonly kind: 'failed'; readonly why: string }

/** A service whose container restarts so often before it was ever well does not start. One restart may be a need that was late. */
export const RESTARTS = 3

const conditionOf = ({ proof }: Member, state: ContainerState): Condition =>
  judgeContainer(state, { runsOnce: proof.kind === 'ends' })

const lacksCheck = ({ proof }: Member, { status, health }: ContainerState): boolean =>
  proof.kind === 'healthy' && status === 'running' && health === 'none'

/** A container before it was first inspected. */
export const watch = (member: Member, since: number): Watched => ({
  member,
  since,
  state: undefined,
  wellAt: undefined,
  wellStart: undefined,
  probed: false,
  restartsBefore: undefined,
  endedWith: undefined,
})

const hasEnded = (condition: Condition): boolean =>
  condition === 'ended' || condition === 'done' || condition === 'restarting'

const isWell = (member: Member, state: ContainerState, probed: boolean): boolean => {
  const condition = conditionOf(member, state)
  if (member.proof.kind === 'ends') return condition === 'done'
  if (state.status !== 'running') return false
  return member.proof.kind === 'runs' || (condition === 'healthy' && !lacksCheck(member, state)) || probed
}

/** Adds what was just inspected. `probed`: its health check, run by us, ended with 0. */
export const addState = (
  before: Watched,
  state: ContainerState | undefined,
  { now, probed }: { readonly now: number; readonly probed: boolean },
): Watched => {
  const well = state !== undefined && isWell(before.member, state, probed)
  return {
    ...before,
    state,
    probed,
    restartsBefore: before.restartsBefore ?? state?.restarts,
    endedWith: state !== undefined && hasEnded(conditionOf(before.member, state)) ? state.exitCode : before.endedWith,
    wellAt: before.wellAt ?? (well ? now : undefined),
    wellStart: before.wellStart ?? (well ? state.startedAt : undefined),
  }
}

/** Judges a container; `limitMs` is the longest time until it is well. */
export const judge = (
  { member, since, state, wellAt, wellStart, probed, restartsBefore, endedWith }: Watched,
  { now, limitMs }: { readonly now: number; readonly limitMs: number },
): Verdict => {
  const late = now - since > limitMs
  if (state === undefined)
    return late ? { kind: 'failed', why: 'it was never created' } : { kind: 'waiting', why: 'not created yet' }
  const condition = conditionOf(member, state)
  const ended = hasEnded(condition)
  if (state.oomKilled) return { kind: 'failed', why: 'it ran out of memory and was ended by the kernel' }
  if (member.proof.kind === 'ends') {
    if (wellAt !== undefined) return { kind: 'well' }
    return late
      ? { kind: 'failed', why: ended ? explainExit(state.exitCode) : 'it did not end in time' }
      : { kind: 'waiting', why: state.status }
  }
  if (wellAt !== undefined) {
    if (ended) return { kind: 'failed', why: `it was healthy and then ended: ${explainExit(state.exitCode)}` }
    if (state.startedAt !== wellStart) return { kind: 'failed', why: 'it was healthy and then started again by itself' }
    if (condition === 'paused') return { kind: 'failed', why: 'it was healthy and then paused' }
    if (condition === 'unhealthy' && !probed) return { kind: 'failed', why: 'it was healthy and then unhealthy' }
    return { kind: 'well' }
  }
  if (ended && state.exitCode === EX_CONFIG) return { kind: 'failed', why: explainExit(EX_CONFIG) }
  const restarts = state.restarts - (restartsBefore ?? 0)
  if (restarts >= RESTARTS)
    return {
      kind: 'failed',
      why: `it ended ${restarts} times while starting${endedWith === undefined ? '' : `: ${explainExit(endedWith)}`}`,
    }
  if (late)
    return {
      kind: 'failed',
      why: ended ? explainExit(state.exitCode) : `not healthy after ${Math.round(limitMs / 1000)} s`,
    }
  return { kind: 'waiting', why: state.health === 'none' ? state.status : state.health }
}

/** What a container may be that is as its release says; one that a backup just paused is. */
export const HEALTHY: readonly Condition[] = ['healthy', 'resumed', 'done']
/** The same where health is waited for anyway: engines before 25 ask for the first time after a whole interval. */
export const HEALTHY_SOON: readonly Condition[] = [...HEALTHY, 'starting']

/** What is not as a release says of a container; undefined when it runs and is well. */
export const findDifference = (
  member: Member,
  state: ContainerState | undefined,
  expected = HEALTHY,
): string | undefined => {
  const { container, image, proof } = member
  if (state === undefined) return `${container} is missing`
  if (state.image !== image) return `${container} is ${state.image}`
  const condition = conditionOf(member, state)
  if (proof.kind === 'ends') return condition === 'done' ? undefined : `${container} ended with ${state.exitCode}`
  if (state.status !== 'running') return `${container} is ${state.status}`
  if (lacksCheck(member, state)) return `${container} has no health check`
  return proof.kind === 'healthy' && !expected.includes(condition) ? `${container} is ${condition}` : undefined
}
