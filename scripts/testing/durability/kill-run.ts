import { expect } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bringUp, type Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { RECORDING } from '../../platform/source.ts'
import { defaultOwner } from '../../session/owner.ts'
import type { StoreKind, TestStore } from '../peers/stores.ts'
import { type Journal, openJournal } from './journal.ts'
import type { Random } from './random.ts'
import { type GaveUp, recordUntil } from './recording-load.ts'
import { judgeSessions } from './session-ends.ts'
import type { Suite } from './suite.ts'
import { openVerdicts, type Verdict } from './verdict.ts'

/** Nothing in a kill test depends on how fast a machine is; a hang must end some day. */
export const HANG = 20 * 60_000

/** The environment of services that are to be killed, or whose database is. */
const env = {
  'session-recorder': { RESUME_GRACE_MS: '4000' },
  'session-encryptor': { FREE_BYTES_KEPT: String(64 * 1024 ** 2) },
  // Whoever does not come back holds a place until its time of grace is over.
  'session-orchestrator': { MAX_ACTIVE_SESSIONS: '100' },
} as const

/** LUCID_KILL_SEED repeats a run's order of kills and sources; LUCID_KILL_ROUNDS makes it longer or shorter. */
export const killOptions = (usual: number): { readonly seed: number; readonly kills: number } => ({
  seed: Number(process.env['LUCID_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32)),
  kills: Number(process.env['LUCID_KILL_ROUNDS'] ?? usual),
})

/** What happened in a run, and what became of every session. */
export type KillRun<Kill> = {
  readonly store: string
  readonly platform: Prepared
  readonly kills: readonly Kill[]
  readonly journal: Journal
  readonly verdicts: readonly Verdict[]
  readonly gaveUp: readonly GaveUp[]
  /** Sessions that the chain has, an entry for each event. */
  readonly registered: readonly string[]
}

/** What kills while recordings run; resolves with what it did. */
type Injector<Kill> = (
  target: Pick<TestStore, 'database'> & { readonly platform: Prepared; readonly journal: Journal },
) => Promise<readonly Kill[]>

/** Records on all lanes of a fresh platform while `inject` kills, waits for the end of every session, and judges each. */
export const runKills = async <Kill>(
  { root, onClose }: Suite,
  kind: StoreKind,
  { random, inject }: { readonly random: Random; readonly inject: Injector<Kill> },
): Promise<KillRun<Kill>> => {
  const { name: store, ambient, database, close } = await kind.open(root)
  onClose(close)
  const platform = await bringUp({ home: join(root, 'home'), stacks: RECORDING, ports: 'free', env, ambient })
  onClose(platform.stop)
  const clients = operatorClients(platform.home)
  const folder = join(root, 'work')
  mkdirSync(folder)
  const journal = openJournal()
  let over = false
  const work = { clients, journal, owner: defaultOwner(platform.home), folder }
  const recording = recordUntil(() => over, work, random)
  const kills = await inject({ platform, journal, ...(database && { database }) }).finally(() => {
    over = true
  })
  const gaveUp = await recording
  const context = await openVerdicts(platform, clients, join(root, 'bundles'))
  const verdicts = await judgeSessions(context, journal, HANG)
  const registered = (await context.chain.registered()).map(({ session_id }) => session_id)
  return { store, platform, kills, journal, verdicts, gaveUp, registered }
}

/** Nothing that was acknowledged was taken back, and nothing was anchored twice or for nothing. */
export const expectNothingLost = ({ verdicts, journal, registered }: KillRun<unknown>): void => {
  expect(verdicts.flatMap(({ id, wrong }) => wrong.map((what) => `${id}: ${what}`))).toEqual([])
  expect(journal.broken()).toEqual([])
  const anchored = verdicts.filter(({ end }) => end === 'complete' || end === 'gap').map(({ id }) => id)
  expect(registered.toSorted()).toEqual(anchored.toSorted())
}
