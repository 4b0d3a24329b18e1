import { type CrashBackoff, nextCrash } from '#common/process/backoff'
import type { Started, Unit } from './unit.ts'

export type State = 'waiting' | 'starting' | 'healthy' | 'restarting' | 'stopping' | 'stopped' | 'failed'

/** What is known of one unit at this moment; times are epoch ms, `readyMs` from start to healthy. */
export type View = {
  readonly name: string
  readonly stack: string
  readonly port: number
  readonly url: string
  readonly state: State
  readonly restarts: number
  readonly pid?: number
  readonly startedAt?: number
  readonly readyMs?: number
}

/** A unit under a supervisor. */
export type UnitState = {
  readonly unit: Unit
  state: State
  isDesired: boolean
  restarts: number
  /** Crashes in a row. */
  crashes: number
  run?: Started | undefined
  readyMs?: number | undefined
  timer?: ReturnType<typeof setTimeout> | undefined
  /** Killed on request: the next start does not count as a crash of its own making. */
  killRequested: boolean
}

/** A unit before its first start. */
export const initialState = (unit: Unit): UnitState => ({
  unit,
  state: 'waiting',
  isDesired: true,
  restarts: 0,
  crashes: 0,
  killRequested: false,
})

export const viewUnit = ({ unit, state, restarts, run, readyMs }: UnitState): View => ({
  name: unit.name,
  stack: unit.stack,
  port: unit.port,
  url: unit.url,
  state,
  restarts,
  ...(run === undefined ? {} : { pid: run.pid, startedAt: run.startedAt }),
  ...(readyMs === undefined ? {} : { readyMs }),
})

/** What follows when the process of a unit has ended: it stays down, or is started again after a pause. */
export type AfterEnd =
  | { readonly kind: 'down'; readonly state: 'failed' | 'stopped' }
  | { readonly kind: 'restart'; readonly crashes: number; readonly delayMs: number }

/** A unit that ends before it was ever healthy has failed: no restart would help, and whoever started it hears why. */
export const decideAfterEnd = (
  {
    isDesired,
    readyMs,
    restarts,
    crashes,
    killRequested,
  }: Pick<UnitState, 'isDesired' | 'readyMs' | 'restarts' | 'crashes' | 'killRequested'>,
  livedMs: number,
  backoff: CrashBackoff,
): AfterEnd => {
  if (!isDesired) return { kind: 'down', state: 'stopped' }
  if (readyMs === undefined && restarts === 0) return { kind: 'down', state: 'failed' }
  return {
    kind: 'restart',
    ...(killRequested ? { crashes: 0, delayMs: backoff.first } : nextCrash(backoff, crashes, livedMs)),
  }
}
