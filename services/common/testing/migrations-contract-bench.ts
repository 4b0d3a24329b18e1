import { beforeEach } from 'bun:test'
import { type MigrateOptions, migrate } from '../store/migrations/migrate.ts'
import { inspectRecord } from '../store/migrations/plan.ts'
import { readRecord } from '../store/migrations/record.ts'
import { requireSchema } from '../store/migrations/require-schema.ts'
import type { Migration } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { peopleIn, peopleWith, plantPeople } from './migrations-contract-schema.ts'

/** The clock of the tests starts here and is moved by hand. */
export const START = 1_700_000_000_000

/** The planted service in a new empty place for each test. `place` answers the function that opens it. */
export const migrationBench = (place: () => Promise<() => Promise<Store>>) => {
  let open: () => Promise<Store>
  const clock = { time: START }
  const now = () => clock.time
  beforeEach(async () => {
    open = await place()
    clock.time = START
  })
  const using = async <R>(work: (store: Store) => Promise<R>): Promise<R> => {
    const store = await open()
    return work(store).finally(() => store.close())
  }
  return {
    clock,
    using,
    open: () => open(),
    plant: (count = 3) => using((store) => plantPeople(store, count)),
    people: () => using(peopleIn),
    record: () => using(readRecord),
    /** As a service of this release starts. */
    start: (...migrations: readonly Migration[]) =>
      using((store) => requireSchema(store, peopleWith(...migrations), { now, version: '1.0.0' })),
    run: (migrations: readonly Migration[], options: Partial<MigrateOptions> = {}) =>
      migrate({ open, schema: peopleWith(...migrations), now, version: '2.0.0', ...options }),
    status: async (...migrations: readonly Migration[]) =>
      inspectRecord(await using(readRecord), peopleWith(...migrations)).status,
  }
}

export type Bench = ReturnType<typeof migrationBench>
