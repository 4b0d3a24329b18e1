import type { CrashBackoff } from '#common/process/backoff'
import { describeEnd, type Started, startProcess, stopProcess } from './unit.ts'
import { awaitHealth } from './unit-health.ts'
import { decideAfterEnd, type State, type UnitState } from './unit-state.ts'

export type Timing = {
  readonly backoff: CrashBackoff
  /** Longest time a unit gets from its start to healthy. */
  readonly startMs: number
  /** From SIGTERM to SIGKILL; above the time the services give requests in flight. */
  readonly stopMs: number
  readonly pollMs: number
}

export type Event = { readonly event: string; readonly unit: string } & Readonly<Record<string, unknown>>

export type UnitRunner = {
  readonly start: (unit: UnitState) => Promise<void>
  readonly halt: (unit: UnitState) => Promise<void>
  /** SIGKILL; resolves when the process is gone, which is then started again as after any crash. */
  readonly kill: (unit: UnitState) => Promise<void>
}

type Enter = (unit: UnitState, state: State, fields?: Readonly<Record<string, unknown>>) => void

type Halting = {
  readonly stopMs: number
  readonly enter: Enter
  readonly onEnd: (unit: UnitState, run: Started) => void
  readonly onEvent: (event: Event) => void
}

const haltUnit = async (unit: UnitState, { stopMs, enter, onEnd, onEvent }: Halting): Promise<void> => {
  unit.isDesired = false
  clearTimeout(unit.timer)
  const { run } = unit
  if (run === undefined) {
    if (unit.state !== 'stopped' && unit.state !== 'failed') enter(unit, 'stopped')
    return
  }
  enter(unit, 'stopping')
  const how = await stopProcess(run, stopMs)
  onEnd(unit, run)
  if (how === 'killed') onEvent({ event: 'killed-late', unit: unit.unit.name, after_ms: stopMs })
}

/** Runs units one by one: up, up again after a crash, down. `onState` is called after every change of one. */
export const openUnitRunner = (
  timing: Timing,
  { onState, onEvent }: { readonly onState: () => void; readonly onEvent: (event: Event) => void },
): UnitRunner => {
  const enter: Enter = (unit, state, fields = {}) => {
    unit.state = state
    onState()
    onEvent({ event: state, unit: unit.unit.name, ...fields })
  }

  const spawn = (unit: UnitState): Started => {
    const run = startProcess(unit.unit, Date.now)
    unit.run = run
    unit.readyMs = undefined
    enter(unit, 'starting', { pid: run.pid })
    void run.process.exited.then(() => onEnd(unit, run))
    return run
  }

  const reachHealth = async (unit: UnitState, run: Started, withinMs: number): Promise<void> => {
    unit.readyMs = await awaitHealth(unit, run, { withinMs, pollMs: timing.pollMs })
    enter(unit, 'healthy', { ready_ms: unit.readyMs })
  }

  const startAgain = (unit: UnitState): void => {
    if (!unit.isDesired || unit.run) return
    try {
      // A failure here is a crash like any other: `onEnd` has it, or it stays `starting` and in sight.
      reachHealth(unit, spawn(unit), Number.POSITIVE_INFINITY).catch(() => {})
    } catch {
      // There is no room for its log, or no process to be had: neither is for ever.
      unit.timer = setTimeout(() => startAgain(unit), timing.backoff.most)
    }
  }

  const onEnd = (unit: UnitState, run: Started): void => {
    if (unit.run !== run) return
    const lived = run.lived()
    const why = describeEnd(run.process)
    const after = decideAfterEnd(unit, lived, timing.backoff)
    unit.run = undefined
    if (after.kind === 'down') {
      enter(unit, after.state, { why })
      return
    }
    unit.killRequested = false
    unit.crashes = after.crashes
    unit.restarts += 1
    enter(unit, 'restarting', { why, lived_ms: lived, delay_ms: after.delayMs })
    unit.timer = setTimeout(() => startAgain(unit), after.delayMs)
  }

  return {
    start: (unit) => reachHealth(unit, spawn(unit), timing.startMs),
    halt: (unit) => haltUnit(unit, { stopMs: timing.stopMs, enter, onEnd, onEvent }),
    kill: async (unit) => {
      const { run } = unit
      if (run === undefined) return
      unit.killRequested = true
      run.process.kill('SIGKILL')
      await run.process.exited
      onEnd(unit, run)
    },
  }
}
