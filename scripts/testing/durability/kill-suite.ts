import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { homeMark } from '../../platform/leftovers.ts'
import { processesWith } from '../../platform/process.ts'
import type { StoreKind } from '../peers/stores.ts'
import { injectServiceFaults } from './fault-injector.ts'
import { scheduleServiceFaults } from './fault-schedule.ts'
import { expectNothingLost, HANG, killOptions, runKills } from './kill-run.ts'
import { seeded } from './random.ts'
import { openSuite } from './suite.ts'
import { summarizeKills } from './summary.ts'

/** The promise that a kill of any service takes nothing back, on one kind of store, over so many kills. */
export const killSuite = (kind: StoreKind, { kills: usual }: { readonly kills: number }): void => {
  const { seed, kills: count } = killOptions(usual)
  const suite = openSuite('kill', { hangMs: HANG })
  test(
    `${kind.name}: kill -9 of any service at any moment takes back nothing that was acknowledged, and anchors nothing twice`,
    async () => {
      console.log(`kill test, ${kind.name}: LUCID_KILL_SEED=${seed} LUCID_KILL_ROUNDS=${count}`)
      const random = seeded(seed)
      const faults = scheduleServiceFaults(count, random)
      const run = await runKills(suite, kind, { random, inject: (target) => injectServiceFaults(faults, target) })
      console.log(summarizeKills(run))
      expectNothingLost(run)
      const { platform } = run
      await platform.stop()
      expect(processesWith(homeMark(platform.home))).toEqual([])
      const names = readdirSync(platform.home.root, { recursive: true }).map(String)
      expect(names.filter((name) => /\.(part|tmp)$/.test(name))).toEqual([])
    },
    HANG,
  )
}
