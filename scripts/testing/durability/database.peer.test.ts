import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { defaultOwner } from '../../session/owner.ts'
import { documentDbPlace, type Place } from '../peers/place.ts'
import { courtOf } from './court.ts'
import { databaseDeck } from './database-deck.ts'
import { playDatabase, slowest } from './database-killer.ts'
import { journal } from './journal.ts'
import { type Judgement, judge } from './judge.ts'
import { killEnv } from './kill-env.ts'
import { seeded } from './random.ts'
import { recordUntil } from './rounds.ts'
import { settled } from './settled.ts'
import { databaseSummary } from './summary.ts'

/** LUCID_KILL_SEED repeats a run's order of kills and sources; LUCID_KILL_ROUNDS makes it longer or shorter. */
const seed = Number(process.env['LUCID_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const rounds = Number(process.env['LUCID_KILL_ROUNDS'] ?? 8)

/**
 * Every service is healthy this long after the database's return, ms: what is promised when the machine has
 * nothing else to do, as in a run of its own (LUCID_KILL_ROUNDS). Beside other tests only a hang is a failure.
 */
const RECOVERY = process.env['LUCID_KILL_ROUNDS'] === undefined ? 60_000 : 5_000
/** Else nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 20 * 60_000

const kind = await documentDbPlace(process.env)
const root = mkdtempSync(join(tmpdir(), 'lucid-database-'))
let place: Place | undefined
let platform: Prepared | undefined
afterAll(async () => {
  await platform?.stop()
  await place?.giveBack()
  rmSync(root, { recursive: true, force: true })
}, HANG)

const promise =
  'kill -9 of the database at any moment takes back nothing that was acknowledged, anchors nothing twice, and all recover by themselves'

if ('absent' in kind) {
  console.log(`NOT RUN: kill -9 of the database, ${kind.name}: ${kind.absent}`)
  test.skip(promise, () => {})
} else
  test(
    promise,
    async () => {
      console.log(`kill test of the database: LUCID_KILL_SEED=${seed} LUCID_KILL_ROUNDS=${rounds}`)
      const random = seeded(seed)
      const cards = databaseDeck(rounds, random)
      place = await kind.open(root)
      const { database } = place
      if (database === undefined) throw new Error('this database cannot be killed')
      const up = await bringUp({
        home: join(root, 'home'),
        stacks: RECORDING,
        ports: 'free',
        env: killEnv,
        ambient: place.ambient,
      })
      platform = up
      const clients = operatorClients(up.home)
      const folder = join(root, 'work')
      mkdirSync(folder)
      const seen = journal()
      let over = false
      const recording = recordUntil(
        () => over,
        { clients, journal: seen, owner: defaultOwner(up.home), folder },
        random,
      )
      const kills = await playDatabase(cards, { platform: up, journal: seen, database }).finally(() => {
        over = true
      })
      const gaveUp = await recording
      const bySession = new Map(seen.seen().map((one) => [one.id, one]))
      const sessions = await settled(clients, [...bySession.keys()], HANG)

      const court = await courtOf(up, clients, join(root, 'bundles'))
      const judged: Judgement[] = []
      for (const session of sessions) judged.push(await judge(court, session, bySession.get(session.id)))
      const registered = (await court.chain.registered()).map(({ session_id }) => session_id)

      console.log(databaseSummary({ store: place.name, kills, seen: seen.seen(), judged, gaveUp }))
      expect(judged.flatMap(({ id, wrong }) => wrong.map((what) => `${id}: ${what}`))).toEqual([])
      expect(seen.broken()).toEqual([])
      const anchored = judged.filter(({ end }) => end === 'complete' || end === 'gap').map(({ id }) => id)
      expect(registered.toSorted()).toEqual(anchored.toSorted())
      const late = kills.flatMap((kill, round) => {
        const { service, ms, said } = slowest(kill)
        return ms > RECOVERY ? [`round ${round}: ${service} after ${Math.round(ms)} ms: ${said}`] : []
      })
      expect(late).toEqual([])
      expect(up.views().flatMap(({ name, restarts }) => (restarts > 0 ? [`${name} ended`] : []))).toEqual([])
    },
    HANG,
  )
