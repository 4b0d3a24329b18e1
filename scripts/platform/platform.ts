import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Stack } from '#catalog'
import { jsonLog } from '#common/process/log'
import { findProgram } from '#common/process/program'
import { CliError } from '../cli/fail.ts'
import { type Home, homeAt } from './home.ts'
import type { LeftOut } from './left-out.ts'
import { endAll, findLeftovers } from './leftovers.ts'
import { type Lock, takeLock } from './lock.ts'
import { rotate, rotateOpen } from './log-file.ts'
import { freePorts, requireFree } from './ports.ts'
import { planStages, prepareUnits } from './prepare.ts'
import { furtherPort, localUrl } from './process-env.ts'
import { readRecord, removeRecord, writeRecord } from './record.ts'
import { lucid, type PlatformSource } from './source.ts'
import { orderStops } from './start-order.ts'
import { openSupervisor, type Supervisor } from './supervisor.ts'
import type { Timing } from './unit-runner.ts'
import type { View } from './unit-state.ts'

export type PlatformOptions = {
  readonly home: string | Home
  /** All stacks when empty or absent. */
  readonly stacks?: readonly Stack[]
  /** `catalogue`: the host ports of the catalogue; `free`: whatever ports are free, for tests and demos. */
  readonly ports?: 'catalogue' | 'free'
  /** More environment for a service, by service: a test's chunk size. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly ambient?: Readonly<Record<string, string | undefined>>
  readonly timing?: Partial<Timing>
  readonly onChange?: (views: readonly View[]) => void
  readonly source?: PlatformSource
}

const ROTATE_EVERY_MS = 30_000
/** Until the record that a full disk did not take is written again. */
const RECORD_AGAIN_MS = 1_000

/** A platform that is made ready and not started. `stop` also gives the state folder free. */
export type Prepared = Supervisor & {
  readonly home: Home
  readonly urls: Readonly<Record<string, string>>
  /** How many processes of a crashed predecessor had to be ended first. */
  readonly recovered: number
  /** Services of the chosen stacks that this machine has no program for, with the reason. */
  readonly leftOut: LeftOut
}

const openPlatformLog = (home: Home) => {
  const path = home.log('platform')
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  rotate(path)
  return jsonLog('platform', { write: (line) => orWhenThereIsRoom(() => appendFileSync(path, line, { mode: 0o600 })) })
}

/** What the supervisor notes down on a full disk is lost, and it goes on: services that ended must be started again. */
const orWhenThereIsRoom = (note: () => void): boolean => {
  try {
    note()
    return true
  } catch {
    return false
  }
}

/** Notes what runs, after every change; again and again where the disk is full, until it is noted. */
const openRecorder = (write: (views: readonly View[]) => void) => {
  let due: ReturnType<typeof setTimeout> | undefined
  const note = (views: readonly View[]): void => {
    clearTimeout(due)
    if (!orWhenThereIsRoom(() => write(views))) due = setTimeout(note, RECORD_AGAIN_MS, views).unref()
  }
  return { note, stop: () => clearTimeout(due) }
}

const recordViews = (home: Home, startedAt: number, views: readonly View[], leftOut: LeftOut): void => {
  const running = views.flatMap((view) => {
    const { name, pid, port, url, stack, restarts, startedAt: started_at } = view
    return pid === undefined || started_at === undefined
      ? []
      : [[name, { pid, port, url, stack, started_at, restarts }] as const]
  })
  const absent = views
    .filter(({ pid }) => pid === undefined)
    .map(({ name, stack, state, restarts }) => [name, { stack, state, restarts }] as const)
  writeRecord(home, {
    pid: process.pid,
    started_at: startedAt,
    services: Object.fromEntries(running),
    absent: Object.fromEntries(absent),
    left_out: leftOut,
  })
}

const choosePorts = (
  { catalogue }: PlatformSource,
  kind: 'catalogue' | 'free',
  services: readonly string[],
): Readonly<Record<string, number>> => {
  const listed = Object.entries(catalogue).flatMap(([name, { hostPort, ports: further = {} }]) => [
    { name, port: hostPort, label: name },
    ...Object.entries(further).map(([what, port]) => ({ name, port, label: furtherPort(name, what) })),
  ])
  if (kind === 'free') return freePorts(listed.map(({ label }) => label))
  const started = listed.filter(({ name }) => services.includes(name))
  requireFree(Object.fromEntries(started.map(({ label, port }) => [label, port])))
  return Object.fromEntries(listed.map(({ label, port }) => [label, port]))
}

const lockHome = (home: Home): Lock => {
  const lock = takeLock(home, { patienceMs: 300 })
  if (lock !== undefined) return lock
  const pid = readRecord(home)?.pid
  const who = pid === undefined ? '' : ` (process ${pid})`
  throw new CliError(
    `the platform of ${home.root} is running already${who}: bun run status shows it, bun run down stops it`,
  )
}

const rotateLogs = (paths: readonly string[]): { readonly stop: () => void } => {
  const timer = setInterval(() => {
    for (const path of paths) orWhenThereIsRoom(() => rotateOpen(path))
  }, ROTATE_EVERY_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** A supervisor that also does `finish` once, when it has stopped or could not start. */
const withFinish = (inner: Supervisor, finish: () => void): Supervisor => ({
  ...inner,
  start: async () => {
    try {
      await inner.start()
    } catch (error) {
      finish()
      throw error
    }
  },
  stop: () => inner.stop().finally(finish),
  stopNow: () => {
    inner.stopNow()
    finish()
  },
})

/**
 * Takes the state folder, ends what a crashed predecessor left, makes secrets, folders and ports ready.
 * Throws CliError when the folder is in use, a port is taken, or the chosen stacks cannot come up; nothing
 * has been started then.
 */
export const prepare = async (options: PlatformOptions): Promise<Prepared> => {
  const { stacks = [], ports: kind = 'catalogue', env = {}, ambient = {}, source = lucid } = options
  const home = typeof options.home === 'string' ? homeAt(options.home) : options.home
  const has = (program: string) => findProgram(program, ambient['PATH']) !== undefined
  const { stages, leftOut } = planStages(source, stacks, has)
  const lock = lockHome(home)
  try {
    const recovered = await endAll(findLeftovers(home), 5_000)
    const services = stages.flatMap((stage) => stage.services)
    const ports = choosePorts(source, kind, services)
    const units = await prepareUnits(source, { home, services, ports, env, ambient })
    const log = openPlatformLog(home)
    const startedAt = Date.now()
    recordViews(home, startedAt, [], leftOut)
    if (recovered > 0) log.warn('recovered', { ended: recovered })
    const rotation = rotateLogs([home.log('platform'), ...services.map(home.log)])
    const recorder = openRecorder((views) => recordViews(home, startedAt, views, leftOut))
    let open = true
    const inner = openSupervisor({
      stages: stages.map((stage) => stage.services.flatMap((name) => units.get(name) ?? [])),
      stopWaves: orderStops(source.catalogue, stages),
      ...(options.timing ? { timing: options.timing } : {}),
      onChange: (views) => {
        if (open) recorder.note(views)
        options.onChange?.(views)
      },
      onEvent: ({ event, ...fields }) => log.info(event, fields),
    })
    const finish = (): void => {
      if (!open) return
      open = false
      rotation.stop()
      recorder.stop()
      removeRecord(home)
      lock.release()
    }
    const urls = Object.keys(source.catalogue).map((name) => [name, localUrl(ports[name])])
    return { ...withFinish(inner, finish), home, recovered, leftOut, urls: Object.fromEntries(urls) }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** A platform whose services are all healthy; the caller must `stop` it. Throws as `prepare` and `start` do. */
export const bringUp = async (options: PlatformOptions): Promise<Prepared> => {
  const platform = await prepare(options)
  await platform.start()
  return platform
}
