import type { Killable } from '../peers/place.ts'
import { probe } from '../platform/health-probe.ts'
import type { Prepared } from '../platform/platform.ts'
import type { DatabaseCard } from './database-deck.ts'
import type { Phase } from './deck.ts'
import type { Journal } from './journal.ts'
import { moment } from './killer.ts'

/** A kill of the database that was done. Times are ms. */
export type DatabaseKill = {
  readonly phase: Phase
  readonly away: number
  /** From the database's return until each service answered /health with 200. */
  readonly back: Readonly<Record<string, number>>
}

/** Between two looks at a service that is not healthy yet, and the longest one look takes, ms. */
const LOOK_EVERY = 20
const LOOK_TIMEOUT = 1_000
/** A service that does not recover within this time hangs, ms. */
const HANG = 60_000

/** Milliseconds until every service answers 200. Throws Error naming what hangs, with what it says. */
const allHealthy = async (platform: Prepared): Promise<Readonly<Record<string, number>>> => {
  const from = performance.now()
  const until = async (name: string, url: string): Promise<readonly [string, number]> => {
    for (;;) {
      const answer = await probe(url, LOOK_TIMEOUT)
      const ms = performance.now() - from
      if (answer.healthy) return [name, ms]
      if (ms > HANG)
        throw new Error(`${name} does not recover: ${[answer.status, ...answer.failing].join('; ')}`)
      await Bun.sleep(LOOK_EVERY)
    }
  }
  return Object.fromEntries(await Promise.all(platform.views().map(({ name, url }) => until(name, url))))
}

/** Plays the deck: each card kills the database and brings it back. Throws Error when a service does not recover. */
export const playDatabase = async (
  cards: readonly DatabaseCard[],
  {
    platform,
    journal,
    database,
  }: { readonly platform: Prepared; readonly journal: Journal; readonly database: Killable },
): Promise<readonly DatabaseKill[]> => {
  const done: DatabaseKill[] = []
  for (const { phase, delay, away } of cards) {
    const landed = await moment(journal, phase)
    await Bun.sleep(delay)
    await database.kill()
    await Bun.sleep(away)
    await database.start()
    done.push({ phase: landed, away, back: await allHealthy(platform) })
  }
  return done
}

/** The slowest service of a kill, and its time in ms. */
export const slowest = ({ back }: DatabaseKill): readonly [service: string, ms: number] =>
  Object.entries(back).reduce((worst, one) => (one[1] > worst[1] ? one : worst), ['', 0] as const)
