/** A runner in a process of its own: `bun runner.fixture.ts STORE REST_MS [HANG_AFTER]`; hangs there, to be killed. */
import { isFault } from '../../process/fault.ts'
import { countAge, peopleWith, renameName } from '../../testing/migrations-contract-schema.ts'
import { sqliteStore } from '../sqlite.ts'
import type { Store } from '../store.ts'
import { migrate } from './migrate.ts'

const [path = '', restMs, hangAfter = Number.POSITIVE_INFINITY] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

let batches = 0

/** The store, which says when a transaction is kept. */
const telling = (store: Store): Store => ({
  ...store,
  transaction: async (work) => {
    const result = await store.transaction(work)
    batches += 1
    say('batch')
    await (batches >= Number(hangAfter) ? Promise.withResolvers<void>().promise : Bun.sleep(Number(restMs)))
    return result
  },
})

try {
  const done = await migrate({
    open: async () => sqliteStore({ path }),
    schema: peopleWith({ ...renameName, up: (store) => renameName.up(telling(store)) }, countAge),
    now: Date.now,
    version: '2.0.0',
  })
  say(`from ${done.from} to ${done.to} in ${done.steps.length}`)
} catch (error) {
  say(isFault(error) ? error.code : String(error))
  process.exitCode = 1
}
