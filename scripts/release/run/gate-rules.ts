import type { Member } from '../content/release.ts'

/** A container as the engine sees it. */
export type ContainerState = {
  readonly container: string
  /** created, running, paused, restarting, exited, dead */
  readonly status: string
  /** starting, healthy, unhealthy; '' when there is no health check. */
  readonly health: string
  readonly exitCode: number
  readonly oomKilled: boolean
  readonly restarts: number
  /** Changes with every start. */
  readonly startedAt: string
  /** The name of the image that it was made from. */
  readonly image: string
  /** What the engine calls that image. */
  readonly imageId: string
}

/** What is known of a container since its stack was brought up. Times are ms of the deployer's clock. */
export type Watched = {
  readonly member: Member
  readonly since: number
  readonly state: ContainerState | undefined
  /** When it was first well; undefined until then. */
  readonly wellAt: number | undefined
  /** The start that was well. */
  readonly wellStart: string | undefined
  /** At the last look its health check, run by us, ended with 0. */
  readonly probed: boolean
  /** Its restarts when it was first seen. */
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

/** EX_CONFIG of sysexits.h: our services end with it when no restart can help. */
const EX_CONFIG = 78

/** exit code as a sentence; 137 and 139 are signals (128 + n). */
export const exitWords = (code: number): string =>
  code === EX_CONFIG
    ? 'exit code 78: its configuration is wrong'
    : code > 128 && code < 160
      ? `ended by signal ${code - 128}`
      : `exit code ${code}`

/** A container before it was looked at. */
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

const ENDED: readonly string[] = ['exited', 'dead', 'restarting']
const hasEnded = ({ status }: ContainerState): boolean => ENDED.includes(status)

const isWell = (member: Member, state: ContainerState, probed: boolean): boolean => {
  if (member.proof.kind === 'ends') return state.status === 'exited' && state.exitCode === 0
  if (state.status !== 'running') return false
  return member.proof.kind === 'runs' || state.health === 'healthy' || probed
}

/** Adds a look. `probed`: its health check, run by us, ended with 0. */
export const looked = (
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
    endedWith: state !== undefined && hasEnded(state) ? state.exitCode : before.endedWith,
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
    return late
      ? { kind: 'failed', why: 'it was never created' }
      : { kind: 'waiting', why: 'not created yet' }
  const ended = hasEnded(state)
  if (state.oomKilled) return { kind: 'failed', why: 'it ran out of memory and was ended by the kernel' }
  if (member.proof.kind === 'ends') {
    if (wellAt !== undefined) return { kind: 'well' }
    return late
      ? { kind: 'failed', why: ended ? exitWords(state.exitCode) : 'it did not end in time' }
      : { kind: 'waiting', why: state.status }
  }
  if (wellAt !== undefined) {
    if (ended) return { kind: 'failed', why: `it was healthy and then ended: ${exitWords(state.exitCode)}` }
    if (state.startedAt !== wellStart)
      return { kind: 'failed', why: 'it was healthy and then started again by itself' }
    if (state.health === 'unhealthy' && !probed)
      return { kind: 'failed', why: 'it was healthy and then unhealthy' }
    return { kind: 'well' }
  }
  if (ended && state.exitCode === EX_CONFIG) return { kind: 'failed', why: exitWords(EX_CONFIG) }
  const restarts = state.restarts - (restartsBefore ?? 0)
  if (restarts >= RESTARTS)
    return {
      kind: 'failed',
      why: `it ended ${restarts} times while starting${endedWith === undefined ? '' : `: ${exitWords(endedWith)}`}`,
    }
  if (late)
    return {
      kind: 'failed',
      why: ended ? exitWords(state.exitCode) : `not healthy after ${Math.round(limitMs / 1000)} s`,
    }
  return { kind: 'waiting', why: state.health === '' ? state.status : state.health }
}

/** What an engine may say of the health of a container that is as its release says. */
const HEALTHY: readonly string[] = ['healthy']
/** The same where health is waited for anyway: engines before 25 ask for the first time after a whole interval. */
export const HEALTHY_SOON: readonly string[] = ['healthy', 'starting']

/** What is not as a release says of a container; undefined when it runs and is well. */
export const unlike = (
  { container, image, proof }: Member,
  state: ContainerState | undefined,
  healths = HEALTHY,
): string | undefined => {
  if (state === undefined) return `${container} is missing`
  if (state.image !== image) return `${container} is ${state.image}`
  if (proof.kind === 'ends')
    return state.status === 'exited' && state.exitCode === 0
      ? undefined
      : `${container} ended with ${state.exitCode}`
  if (state.status !== 'running') return `${container} is ${state.status}`
  return proof.kind === 'healthy' && !healths.includes(state.health)
    ? `${container} is ${state.health}`
    : undefined
}
