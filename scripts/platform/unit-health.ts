import { plural } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { type HealthReply, probeHealth } from './health-probe.ts'
import { lastLines, readPart } from './log-file.ts'
import { describeEnd, type Started, type Unit } from './unit.ts'
import type { UnitState } from './unit-state.ts'

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

/** Polls a unit until it is healthy, but for incidents; ms it took. Throws CliError when it ends or is to stop. */
export const awaitHealth = async (
  unit: Readonly<UnitState>,
  run: Started,
  { withinMs, pollMs }: { readonly withinMs: number; readonly pollMs: number },
): Promise<number> => {
  const begun = performance.now()
  let reply: HealthReply | undefined
  while (unit.isDesired && unit.run === run && performance.now() - begun < withinMs) {
    reply = await probeHealth(unit.unit.url)
    if (unit.run !== run) break
    // What waits for a person must not keep the platform down.
    if (reply.healthy || reply.onlyIncidents) return Math.round(performance.now() - begun)
    await Bun.sleep(reply.status === 'unreachable' ? pollMs : 2 * pollMs)
  }
  if (!unit.isDesired) throw new CliError('stopped while starting')
  const why = unit.run === run ? `${describeUnhealthy(reply)} after ${withinMs / 1000} s` : describeEnd(run.process)
  throw startFailure(unit.unit, why, run.logStart)
}
