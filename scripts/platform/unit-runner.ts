import { plural } from '#common/cli/format'
import type { CrashBackoff } from '#common/process/backoff'
import { CliError } from '../cli/fail.ts'
import { type HealthReply, probeHealth } from './health-probe.ts'
import { lastLines, readPart } from './log-file.ts'
import { describeEnd, type Started, startProcess, stopProcess, type Unit } from './unit.ts'
import { decideAfterEnd, type State, type UnitState } from './unit-state.ts'

export type Timing = {
  readonly backoff: CrashBackoff
  /** Longest time a unit gets from its start to healthy. */
  readonly startMs: number
  /** From SIGTERM to SIGKILL; above the time the services give requests in flight. */
  readonly stopMs: number
  /** Between two probes of a unit that is starting. */
  readonly pollMs: number
}

export type Event = { readonly event: string; readonly unit: string } & Readonly<Record<string, unknown>>

export type UnitRunner = {
  /** Starts a unit and waits until it is healthy. Throws CliError with the end of its log. */
  readonly start: (unit: UnitState) => Promise<void>
  /** Stops a unit and leaves it stopped. */
  readonly halt: (unit: UnitState) => Promise<void>
  /** SIGKILL; resolves when the process is gone, which is then started again as after any crash. */
  readonly kill: (unit: UnitState) => Promise<void>
}

/** The failure of a unit as a person needs it: why, the end of its own log, where the rest is. */
const startFailure = (unit: Unit, why: string, logStart: number): CliError => {
  const tail = lastLines(readPart(unit.log, { from: logStart }), 12)
  const shown = tail.length === 0 ? 'it wrote no log' : `last ${plural(tail.length, 'line')} of ${unit.log}:`
  return new CliError(`${unit.name} did not start: ${why}; ${shown}`, { details: tail })
}

const describeUnhealthy = (reply: HealthReply | undefined): string =>
  reply === undefined || reply.status === 'unreachable'
    ? 'it answers no health check'
    : [reply.status, ...reply.failing].join(', ')

/** Runs units one by one: up, up again after a crash, down. `onState` is called after every change of one. */
export const openUnitRunner = (
  timing: Timing,
  { onState, onEvent }: { readonly onState: () => void; readonly onEvent: (event: Event) => void },
): UnitRunner => {
  const enter = (unit: UnitState, state: State, fields: Readonly<Record<string, unknown>> = {}): void => {
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

  /** Polls until healthy. Throws CliError when the process ends, the time is over, or it is to stop. */
  const awaitHealth = async (unit: UnitState, run: Started, withinMs: number): Promise<void> => {
    const begun = performance.now()
    let reply: HealthReply | undefined
    while (unit.isDesired && unit.run === run && performance.now() - begun < withinMs) {
      reply = await probeHealth(unit.unit.url)
      if (unit.run !== run) break
      if (reply.healthy) {
        unit.readyMs = Math.round(performance.now() - begun)
        enter(unit, 'healthy', { ready_ms: unit.readyMs })
        return
      }
      await Bun.sleep(reply.status === 'unreachable' ? timing.pollMs : 2 * timing.pollMs)
    }
    if (!unit.isDesired) throw new CliError('stopped while starting')
    const why =
      unit.run === run ? `${describeUnhealthy(reply)} after ${withinMs / 1000} s` : describeEnd(run.process)
    throw startFailure(unit.unit, why, run.logStart)
  }

  const startAgain = (unit: UnitState): void => {
    if (!unit.isDesired || unit.run) return
    // A failure here is a crash like any other: `onEnd` has it, or it stays `starting` and in sight.
    awaitHealth(unit, spawn(unit), Number.POSITIVE_INFINITY).catch(() => {})
  }

  const onEnd = (unit: UnitState, run: Started): void => {
    if (unit.run !== run) return
    const lived = Date.now() - run.startedAt
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
    start: (unit) => awaitHealth(unit, spawn(unit), timing.startMs),
    halt: async (unit) => {
      unit.isDesired = false
      clearTimeout(unit.timer)
      const { run } = unit
      if (run === undefined) {
        if (unit.state !== 'stopped' && unit.state !== 'failed') enter(unit, 'stopped')
        return
      }
      enter(unit, 'stopping')
      const how = await stopProcess(run, timing.stopMs)
      onEnd(unit, run)
      if (how === 'killed') onEvent({ event: 'killed-late', unit: unit.unit.name, after_ms: timing.stopMs })
    },
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
