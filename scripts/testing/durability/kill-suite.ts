import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeMark } from '../../platform/leftovers.ts'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { processesWith } from '../../platform/process.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { defaultOwner } from '../../session/owner.ts'
import type { Place, PlaceKind } from '../peers/place.ts'
import { courtOf } from './court.ts'
import { deck } from './deck.ts'
import { journal } from './journal.ts'
import { type Judgement, judge } from './judge.ts'
import { killEnv } from './kill-env.ts'
import { play } from './killer.ts'
import { seeded } from './random.ts'
import { recordUntil } from './rounds.ts'
import { settled } from './settled.ts'
import { killSummary } from './summary.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 20 * 60_000

/** LUCID_KILL_SEED repeats a run's order of kills and sources; LUCID_KILL_ROUNDS makes it longer or shorter. */
const seed = Number(process.env['LUCID_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32))

/** The promise that a kill of any service takes nothing back, on one kind of store, over so many rounds. */
export const killSuite = (kind: PlaceKind, { rounds: usual }: { readonly rounds: number }): void => {
  const rounds = Number(process.env['LUCID_KILL_ROUNDS'] ?? usual)
  const root = mkdtempSync(join(tmpdir(), 'lucid-kill-'))
  let place: Place | undefined
  let platform: Prepared | undefined
  afterAll(async () => {
    await platform?.stop()
    await place?.giveBack()
    rmSync(root, { recursive: true, force: true })
  }, HANG)

  test(
    `${kind.name}: kill -9 of any service at any moment takes back nothing that was acknowledged, and anchors nothing twice`,
    async () => {
      console.log(`kill test, ${kind.name}: LUCID_KILL_SEED=${seed} LUCID_KILL_ROUNDS=${rounds}`)
      const random = seeded(seed)
      const cards = deck(rounds, random)
      place = await kind.open(root)
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
      const kills = await play(cards, { platform: up, journal: seen }).finally(() => {
        over = true
      })
      const gaveUp = await recording
      const bySession = new Map(seen.seen().map((one) => [one.id, one]))
      const sessions = await settled(clients, [...bySession.keys()], HANG)

      const court = await courtOf(up, clients, join(root, 'bundles'))
      const judged: Judgement[] = []
      for (const session of sessions) judged.push(await judge(court, session, bySession.get(session.id)))
      const registered = (await court.chain.registered()).map(({ session_id }) => session_id)

      console.log(killSummary({ store: place.name, rounds, kills, seen: seen.seen(), judged, gaveUp }))
      expect(judged.flatMap(({ id, wrong }) => wrong.map((what) => `${id}: ${what}`))).toEqual([])
      expect(seen.broken()).toEqual([])
      const anchored = judged.filter(({ end }) => end === 'complete' || end === 'gap').map(({ id }) => id)
      expect(registered.toSorted()).toEqual(anchored.toSorted())

      await up.stop()
      expect(processesWith(homeMark(up.home))).toEqual([])
      const names = readdirSync(up.home.root, { recursive: true }).map(String)
      expect(names.filter((name) => /\.(part|tmp)$/.test(name))).toEqual([])
    },
    HANG,
  )
}
