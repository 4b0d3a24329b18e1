import { test } from 'bun:test'
import { isFull } from '#common/testing/extent'
import { serverKinds, storeOn } from '../peers/stores.ts'
import { blackoutSuite } from './blackout-suite.ts'
import { killSuite } from './kill-suite.ts'
import { proofSuite } from './proof-suite.ts'

/** Fewer than on the embedded driver, which has run the same code: each service once. `--full` and LUCID_KILL_ROUNDS make them more. */
const kills = isFull ? 10 : 5

for (const kind of await serverKinds(process.env)) {
  if ('absent' in kind) {
    console.log(`NOT RUN: the suites of the whole pipeline, ${kind.name}: ${kind.absent}`)
    test.skip(`${kind.name}: the suites of the whole pipeline`, () => {})
    continue
  }
  const store = storeOn(kind, process.env)
  proofSuite(store)
  blackoutSuite(store)
  killSuite(store, { kills })
}
