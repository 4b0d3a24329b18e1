import { probeHealth } from '../../platform/health-probe.ts'
import type { Prepared } from '../../platform/platform.ts'
import type { Killable } from '../peers/stores.ts'
import { awaitPhase } from './fault-injector.ts'
import type { DatabaseFault, Phase } from './fault-schedule.ts'
import type { Journal } from './journal.ts'

/** How long a service took to answer /health with 200 after the database's return, ms, and what it answered before. */
export type Recovery = { readonly service: string; readonly ms: number; readonly lastAnswer: string }

/** A kill of the database that was done; `away` ms. */
export type DatabaseKill = { readonly phase: Phase; readonly away: number; readonly back: readonly Recovery[] }

/** How long the beginning of a phase is waited for: recordings have to begin anew after each kill, ms. */
const PATIENCE = 15_000
/** Between two probes of a service that is not healthy yet, and the longest one takes, ms. */
const PROBE_EVERY = 20
const PROBE_TIMEOUT = 1_000
/** A service that does not recover within this time hangs, ms. */
const HANG = 60_000

/** Resolves when every service answers 200. Throws Error naming what hangs, with what it says. */
const awaitHealthy = async (platform: Prepared): Promise<readonly Recovery[]> => {
  const from = performance.now()
  const until = async (service: string, url: string): Promise<Recovery> => {
    let lastAnswer = ''
    for (;;) {
      const answer = await probeHealth(url, PROBE_TIMEOUT)
      const ms = performance.now() - from
      if (answer.healthy) return { service, ms, lastAnswer }
      lastAnswer = [answer.status, ...answer.failing].join('; ')
      if (ms > HANG) throw new Error(`${service} does not recover: ${lastAnswer}`)
      await Bun.sleep(PROBE_EVERY)
    }
  }
  return Promise.all(platform.views().map(({ name, url }) => until(name, url)))
}

/** Kills the database and brings it back, again and again. Throws Error when a service does not recover. */
export const injectDatabaseFaults = async (
  faults: readonly DatabaseFault[],
  {
    platform,
    journal,
    database,
  }: { readonly platform: Prepared; readonly journal: Journal; readonly database: Killable },
): Promise<readonly DatabaseKill[]> => {
  const done: DatabaseKill[] = []
  for (const { phase, delay, away } of faults) {
    const landed = await awaitPhase(journal, phase, PATIENCE)
    await Bun.sleep(delay)
    await database.kill()
    await Bun.sleep(away)
    await database.start()
    done.push({ phase: landed, away, back: await awaitHealthy(platform) })
  }
  return done
}

/** The slowest service of a kill. */
export const slowest = ({ back }: DatabaseKill): Recovery =>
  back.reduce((worst, one) => (one.ms > worst.ms ? one : worst), { service: '', ms: 0, lastAnswer: '' })
