import { CliError } from '../cli/fail.ts'
import type { Unit } from './unit.ts'
import { type Event, openUnitRunner, type Timing } from './unit-runner.ts'
import { initialState, type UnitState, type View, viewUnit } from './unit-state.ts'

const defaultTiming: Timing = {
  backoff: { first: 100, most: 30_000, calm: 10_000 },
  startMs: 60_000,
  stopMs: 10_000,
  pollMs: 25,
}

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

export type Supervisor = {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly stopNow: () => void
  readonly halt: (name: string) => Promise<void>
  /** Starts a unit anew (gracefully stopped first when it runs); resolves when it is healthy. */
  readonly restart: (name: string) => Promise<void>
  /** SIGKILL; resolves when the process is gone. The unit is started again as after any crash. */
  readonly kill: (name: string) => Promise<void>
  /** Resolves when every unit that is to run is healthy; throws CliError after `withinMs`. */
  readonly healthy: (withinMs?: number) => Promise<void>
  readonly views: () => readonly View[]
}

/** Waits until none of the units that are to run is anything but healthy. Throws CliError that names the others. */
const awaitAll = async (units: readonly UnitState[], withinMs: number): Promise<void> => {
  const until = performance.now() + withinMs
  const lacking = () => units.filter(({ isDesired, state }) => isDesired && state !== 'healthy')
  while (lacking().length > 0) {
    if (performance.now() > until)
      throw new CliError(
        `not healthy: ${lacking()
          .map(({ unit, state }) => `${unit.name} (${state})`)
          .join(', ')}`,
      )
    await Bun.sleep(10)
  }
}

/** Keeps processes as they are to be: up in order, up again after a crash, down in reverse. */
export const openSupervisor = ({ stages, stopWaves, onChange, onEvent, ...options }: SupervisorOptions): Supervisor => {
  const timing: Timing = { ...defaultTiming, ...options.timing }
  const units = new Map(stages.flat().map((unit) => [unit.name, initialState(unit)] as const))
  const all = [...units.values()]
  const views = () => all.map(viewUnit)
  const runner = openUnitRunner(timing, { onState: () => onChange(views()), onEvent })
  let stopping: Promise<void> | undefined

  const find = (name: string): UnitState => {
    const unit = units.get(name)
    if (unit) return unit
    throw new CliError(`no service '${name}' here; there are ${[...units.keys()].join(', ')}`)
  }
  const stopAll = async (): Promise<void> => {
    for (const unit of all) unit.isDesired = false
    for (const wave of stopWaves) await Promise.all(wave.map((name) => runner.halt(find(name))))
  }
  const stop = (): Promise<void> => {
    stopping ??= stopAll()
    return stopping
  }

  return {
    start: async () => {
      try {
        for (const stage of stages) {
          if (stopping) throw new CliError('stopped while starting')
          await Promise.all(stage.map(({ name }) => runner.start(find(name))))
        }
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
    stopNow: () => {
      for (const unit of all) {
        unit.isDesired = false
        unit.run?.process.kill('SIGKILL')
      }
    },
    halt: (name) => runner.halt(find(name)),
    restart: async (name) => {
      const unit = find(name)
      await runner.halt(unit)
      unit.isDesired = true
      await runner.start(unit)
    },
    kill: (name) => runner.kill(find(name)),
    healthy: (withinMs = timing.startMs) => awaitAll(all, withinMs),
    views,
  }
}
