import { plural } from '#common/cli/format'
import { type CrashBackoff, nextCrash } from '#common/process/backoff'
import { CliError } from '../cli/fail.ts'
import { type HealthReply, probeHealth } from './health-probe.ts'
import { lastLines, readPart } from './log-file.ts'
import { describeEnd, type Started, startProcess, stopProcess, type Unit } from './unit.ts'

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

export type Timing = {
  readonly backoff: CrashBackoff
  /** Longest time a unit gets from its start to healthy. */
  readonly startMs: number
  /** From SIGTERM to SIGKILL; above the time the services give requests in flight. */
  readonly stopMs: number
  /** Between two looks at a unit that is starting. */
  readonly pollMs: number
}

export const defaultTiming: Timing = {
  backoff: { first: 100, most: 30_000, calm: 10_000 },
  startMs: 60_000,
  stopMs: 10_000,
  pollMs: 25,
}

export type Event = { readonly event: string; readonly unit: string } & Readonly<Record<string, unknown>>

export type SupervisorOptions = {
  /** Started one after the other; the units of one at once. */
  readonly stages: readonly (readonly Unit[])[]
  /** Names in the order they are stopped, each wave at once. */
  readonly stopWaves: readonly (readonly string[])[]
  readonly timing?: Partial<Timing>
  /** Called after every change and before anything else happens, so that it can be recorded. */
  readonly onChange: (views: readonly View[]) => void
  readonly onEvent: (event: Event) => void
}

type Cell = {
  readonly unit: Unit
  state: State
  isDesired: boolean
  restarts: number
  crashes: number
  run?: Started | undefined
  readyMs?: number | undefined
  timer?: ReturnType<typeof setTimeout> | undefined
  /** Killed on request: the next start does not count as a crash of its own making. */
  killRequested: boolean
}

export type Supervisor = {
  /** Starts stage after stage. When a unit fails all is undone, and a CliError holds the end of its log. */
  readonly start: () => Promise<void>
  /** Stops everything in order; safe to call at any time and more than once. */
  readonly stop: () => Promise<void>
  /** SIGKILL to everything at once. */
  readonly stopNow: () => void
  /** Stops a unit and leaves it stopped until `restart`. */
  readonly halt: (name: string) => Promise<void>
  /** Starts a unit anew (gracefully stopped first when it runs); resolves when it is healthy. */
  readonly restart: (name: string) => Promise<void>
  /** SIGKILL; resolves when the process is gone. The unit is started again as after any crash. */
  readonly kill: (name: string) => Promise<void>
  /** Resolves when every unit that is wanted is healthy; throws CliError after `withinMs`. */
  readonly healthy: (withinMs?: number) => Promise<void>
  readonly views: () => readonly View[]
}

const viewOf = ({ unit, state, restarts, run, readyMs }: Cell): View => ({
  name: unit.name,
  stack: unit.stack,
  port: unit.port,
  url: unit.url,
  state,
  restarts,
  ...(run === undefined ? {} : { pid: run.pid, startedAt: run.startedAt }),
  ...(readyMs === undefined ? {} : { readyMs }),
})

/** The failure of a unit as a person needs it: why, the end of its own log, where the rest is. */
const startFailure = (unit: Unit, why: string, logStart: number): CliError => {
  const tail = lastLines(readPart(unit.log, { from: logStart }), 12)
  const shown = tail.length === 0 ? 'it wrote no log' : `last ${plural(tail.length, 'line')} of ${unit.log}:`
  return new CliError(`${unit.name} did not start: ${why}; ${shown}`, { details: tail })
}

const unhealthyReason = (answer: HealthReply | undefined): string =>
  answer === undefined || answer.status === 'unreachable'
    ? 'it answers no health check'
    : [answer.status, ...answer.failing].join(', ')

/** Keeps processes as wanted: up in order, up again after a crash, down in reverse. */
export const supervisor = (options: SupervisorOptions): Supervisor => {
  const timing: Timing = { ...defaultTiming, ...options.timing }
  const cells = new Map<string, Cell>()
  for (const unit of options.stages.flat())
    cells.set(unit.name, {
      unit,
      state: 'waiting',
      isDesired: true,
      restarts: 0,
      crashes: 0,
      killRequested: false,
    })
  let stopping: Promise<void> | undefined

  const views = () => [...cells.values()].map(viewOf)
  const enter = (cell: Cell, state: State, fields: Readonly<Record<string, unknown>> = {}): void => {
    cell.state = state
    options.onChange(views())
    options.onEvent({ event: state, unit: cell.unit.name, ...fields })
  }
  const cellOf = (name: string): Cell => {
    const cell = cells.get(name)
    if (cell) return cell
    throw new CliError(`no service '${name}' here; there are ${[...cells.keys()].join(', ')}`)
  }

  const spawn = (cell: Cell): Started => {
    const run = startProcess(cell.unit, Date.now)
    cell.run = run
    cell.readyMs = undefined
    enter(cell, 'starting', { pid: run.pid })
    void run.process.exited.then(() => ended(cell, run))
    return run
  }

  /** Polls until healthy. Throws CliError when the process ends, the time is over, or it is to stop. */
  const awaitHealth = async (cell: Cell, run: Started, withinMs: number): Promise<void> => {
    const begun = performance.now()
    let answer: HealthReply | undefined
    while (cell.isDesired && cell.run === run && performance.now() - begun < withinMs) {
      answer = await probeHealth(cell.unit.url)
      if (cell.run !== run) break
      if (answer.healthy) {
        cell.readyMs = Math.round(performance.now() - begun)
        enter(cell, 'healthy', { ready_ms: cell.readyMs })
        return
      }
      await Bun.sleep(answer.status === 'unreachable' ? timing.pollMs : 2 * timing.pollMs)
    }
    if (!cell.isDesired) throw new CliError('stopped while starting')
    const why =
      cell.run === run ? `${unhealthyReason(answer)} after ${withinMs / 1000} s` : describeEnd(run.process)
    throw startFailure(cell.unit, why, run.logStart)
  }

  const ended = (cell: Cell, run: Started): void => {
    if (cell.run !== run) return
    const lived = Date.now() - run.startedAt
    const first = cell.readyMs === undefined && cell.restarts === 0
    cell.run = undefined
    if (!cell.isDesired || first) {
      enter(cell, cell.isDesired ? 'failed' : 'stopped', { why: describeEnd(run.process) })
      return
    }
    const { crashes, delayMs } = cell.killRequested
      ? { crashes: 0, delayMs: timing.backoff.first }
      : nextCrash(timing.backoff, cell.crashes, lived)
    cell.killRequested = false
    cell.crashes = crashes
    cell.restarts += 1
    enter(cell, 'restarting', { why: describeEnd(run.process), lived_ms: lived, delay_ms: delayMs })
    cell.timer = setTimeout(() => again(cell), delayMs)
  }

  const again = (cell: Cell): void => {
    if (!cell.isDesired || cell.run) return
    // A failure here is a crash like any other: `ended` has it, or it stays `starting` and in sight.
    awaitHealth(cell, spawn(cell), Number.POSITIVE_INFINITY).catch(() => {})
  }

  const halt = async (cell: Cell): Promise<void> => {
    cell.isDesired = false
    clearTimeout(cell.timer)
    const { run } = cell
    if (run === undefined) {
      if (cell.state !== 'stopped' && cell.state !== 'failed') enter(cell, 'stopped')
      return
    }
    enter(cell, 'stopping')
    const how = await stopProcess(run, timing.stopMs)
    ended(cell, run)
    if (how === 'killed')
      options.onEvent({ event: 'killed-late', unit: cell.unit.name, after_ms: timing.stopMs })
  }

  const stopAll = async (): Promise<void> => {
    for (const cell of cells.values()) cell.isDesired = false
    for (const wave of options.stopWaves) await Promise.all(wave.map((name) => halt(cellOf(name))))
  }
  const stop = (): Promise<void> => {
    stopping ??= stopAll()
    return stopping
  }

  const start = async (): Promise<void> => {
    try {
      for (const stage of options.stages) {
        if (stopping) throw new CliError('stopped while starting')
        const runs = stage.map(({ name }) => cellOf(name)).map((cell) => ({ cell, run: spawn(cell) }))
        await Promise.all(runs.map(({ cell, run }) => awaitHealth(cell, run, timing.startMs)))
      }
    } catch (error) {
      await stop()
      throw error
    }
  }

  const healthy = async (withinMs = timing.startMs): Promise<void> => {
    const until = performance.now() + withinMs
    const lacking = () => [...cells.values()].filter((cell) => cell.isDesired && cell.state !== 'healthy')
    while (lacking().length > 0) {
      if (performance.now() > until)
        throw new CliError(
          `not healthy: ${lacking()
            .map((cell) => `${cell.unit.name} (${cell.state})`)
            .join(', ')}`,
        )
      await Bun.sleep(10)
    }
  }

  return {
    start,
    stop,
    stopNow: () => {
      for (const cell of cells.values()) {
        cell.isDesired = false
        cell.run?.process.kill('SIGKILL')
      }
    },
    halt: (name) => halt(cellOf(name)),
    restart: async (name) => {
      const cell = cellOf(name)
      await halt(cell)
      cell.isDesired = true
      await awaitHealth(cell, spawn(cell), timing.startMs)
    },
    kill: async (name) => {
      const cell = cellOf(name)
      const { run } = cell
      if (run === undefined) return
      cell.killRequested = true
      run.process.kill('SIGKILL')
      await run.process.exited
      ended(cell, run)
    },
    healthy,
    views,
  }
}
