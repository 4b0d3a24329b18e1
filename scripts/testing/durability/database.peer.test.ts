import { expect, test } from 'bun:test'
import { isFull } from '#common/testing/extent'
import { documentDbKind, storeOn } from '../peers/stores.ts'
import { injectDatabaseFaults, slowest } from './database-fault-injector.ts'
import { scheduleDatabaseFaults } from './fault-schedule.ts'
import { expectNothingLost, HANG, killOptions, runKills } from './kill-run.ts'
import { seeded } from './random.ts'
import { openSuite } from './suite.ts'
import { summarizeDatabaseKills } from './summary.ts'

/**
 * Every service is healthy this long after the database's return, ms: what is promised when the machine has
 * nothing else to do, as in a run of its own (LUCID_KILL_ROUNDS). Beside other tests only a hang is a failure.
 */
const RECOVERY = process.env['LUCID_KILL_ROUNDS'] === undefined ? 60_000 : 5_000

/** Once in every phase; `--full` twice. */
const { seed, kills: count } = killOptions(isFull ? 8 : 4)
const kind = await documentDbKind()
const suite = openSuite('database', { hangMs: HANG })

const promise =
  'kill -9 of the database at any moment takes back nothing that was acknowledged, anchors nothing twice, and all recover by themselves'

if ('absent' in kind) {
  console.log(`NOT RUN: kill -9 of the database, ${kind.name}: ${kind.absent}`)
  test.skip(promise, () => {})
} else
  test(
    promise,
    async () => {
      console.log(`kill test of the database: LUCID_KILL_SEED=${seed} LUCID_KILL_ROUNDS=${count}`)
      const random = seeded(seed)
      const faults = scheduleDatabaseFaults(count, random)
      const run = await runKills(suite, storeOn(kind, process.env), {
        random,
        inject: ({ platform, journal, database }) => {
          if (database === undefined) throw new Error('this database cannot be killed')
          return injectDatabaseFaults(faults, { platform, journal, database })
        },
      })
      console.log(summarizeDatabaseKills(run))
      expectNothingLost(run)
      const late = run.kills.flatMap((kill, nth) => {
        const { service, ms, lastAnswer } = slowest(kill)
        return ms > RECOVERY ? [`kill ${nth}: ${service} after ${Math.round(ms)} ms: ${lastAnswer}`] : []
      })
      expect(late).toEqual([])
      const ended = run.platform.views().filter(({ restarts }) => restarts > 0)
      expect(ended.map(({ name }) => name)).toEqual([])
    },
    HANG,
  )
