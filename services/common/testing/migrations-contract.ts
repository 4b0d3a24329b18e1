import { describe, expect, test } from 'bun:test'
import { requireSchema } from '../store/migrations/require-schema.ts'
import { type Loose, rewriteAll } from '../store/migrations/rewrite.ts'
import type { Migration } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { type Bench, migrationBench, START } from './migrations-contract-bench.ts'
import { countAge, forgetAge, People, peopleWith, renameName } from './migrations-contract-schema.ts'
import { faultOf } from './store-contract-jobs.ts'

const all = [renameName, countAge, forgetAge]

const startSuite = ({ open, plant, record, start, run, status }: Bench) =>
  describe('a service that starts', () => {
    test('records a store that holds nothing as being at the newest version', async () => {
      await start(...all)
      expect(await record()).toEqual({
        id: 'schema',
        version: 3,
        began: { version: 3, at: START, by: '1.0.0' },
        history: [],
        fence: 0,
        rev: 1,
      })
    })

    test('succeeds beside another process that starts on the same empty store', async () => {
      const stores = [await open(), await open()]
      const writer = { now: () => START, version: '1.0.0' }
      const both = stores.map((store) => requireSchema(store, peopleWith(...all), writer))
      expect(await Promise.all(both)).toEqual([undefined, undefined])
      await Promise.all(stores.map((store) => store.close()))
      await start(...all)
    })

    test('takes a store from before records as version 0', async () => {
      await plant()
      await start()
      expect(await status()).toBe('current')
      expect(await faultOf(start(renameName))).toBe('invalid/schema-old')
    })

    test('is refused on a store that a newer release, or another migration of the same number, brought here', async () => {
      await plant()
      await run([renameName, countAge])
      expect(await faultOf(start(renameName))).toBe('invalid/schema-newer')
      expect(await faultOf(start({ ...renameName, name: 'another-one' }, countAge))).toBe('invalid/schema-differs')
    })
  })

const upSuite = ({ using, plant, record, start, run, status }: Bench) =>
  describe('a store that is brought up', () => {
    test('has every document changed once, and the record of what was done, when and by what', async () => {
      await plant(5_000)
      const before = await using((store) => store.collection(People).find({ limit: 1, skip: 4_999 }))
      expect(before).toMatchObject([{ id: 'p04999', fullname: 'Person 4999', age_text: '99', rev: 1 }])
      expect(await run([renameName, countAge])).toMatchObject({ from: 0, to: 2 })
      const found = await using((store) => store.collection(People).find())
      expect(found.length).toBe(5_000)
      expect(found.filter(({ rev, ...doc }) => rev !== 3 || Object.keys(doc).length !== 3)).toEqual([])
      expect(found.at(-1)).toEqual({ id: 'p04999', name: 'Person 4999', age: 99, rev: 3 })
      const step = { direction: 'up', at: START, by: '2.0.0' } as const
      expect(await record()).toEqual({
        id: 'schema',
        version: 2,
        began: { version: 0, at: START, by: '2.0.0' },
        history: [
          { version: 1, name: 'rename-fullname', ...step },
          { version: 2, name: 'age-to-number', ...step },
        ],
        fence: 2,
        rev: 5,
      })
      await start(renameName, countAge)
    }, 600_000)

    test('that holds nothing gets the newest version without a step', async () => {
      expect(await run(all)).toEqual({ from: 3, to: 3, steps: [] })
      expect(await record()).toMatchObject({ version: 3, history: [] })
    })

    test('stays half-migrated when its documents do not fit what the code declares', async () => {
      await plant()
      const unique = { ...peopleWith(renameName), collections: [{ ...People, unique: [['name']] }] }
      const twin = { id: 'twin', ...{ fullname: 'Person 0' } }
      await using((store) => store.collection({ name: 'people', fields: {} }).insert(twin))
      expect(await faultOf(run([], { schema: unique }))).toBe('conflict/migration-failed')
      expect(await status(renameName)).toBe('half-migrated')
      expect(await record()).toMatchObject({ version: 0 })
    })
  })

const downSuite = ({ using, plant, people, record, start, run, status }: Bench) =>
  describe('a store that is brought down', () => {
    test('is the release before it, and up again has the same content', async () => {
      await plant(20)
      await run([renameName, countAge])
      const before = await people()
      const down = () => run([renameName, countAge], { ask: { direction: 'down' } })
      expect(await down()).toMatchObject({ from: 2, to: 1 })
      expect((await people())[1]).toEqual({ id: 'p00001', name: 'Person 1', age_text: '1' })
      await start(renameName)
      expect(await down()).toMatchObject({ from: 1, to: 0 })
      expect((await people())[1]).toEqual({ id: 'p00001', fullname: 'Person 1', age_text: '1' })
      await run([renameName, countAge])
      expect(await people()).toEqual(before)
      expect((await record())?.history.map(({ direction, version }) => `${direction} ${version}`)).toEqual([
        'up 1',
        'up 2',
        'down 2',
        'down 1',
        'up 1',
        'up 2',
      ])
    })

    test('does nothing when a step on the way cannot be undone', async () => {
      await plant()
      await run(all)
      const documents = () => using((store) => store.collection(People).find())
      const before = await documents()
      expect(await faultOf(run(all, { ask: { direction: 'down', to: 0 } }))).toBe('invalid/irreversible')
      expect(await documents()).toEqual(before)
      expect(await status(...all)).toBe('current')
    })
  })

/** Renames, and throws when it has changed so many documents. */
const failAfter = (count: number): Migration => {
  let left = count
  const change = (doc: Loose) => {
    left -= 1
    if (left < 0) throw new Error('the power is gone')
    const { fullname, ...rest } = doc
    return fullname === undefined ? undefined : { ...rest, id: doc.id, name: fullname }
  }
  return { ...renameName, up: (store) => rewriteAll(store, { name: 'people', fields: {} }, change) }
}

const interruptedSuite = ({ clock, using, plant, people, record, start, run }: Bench) =>
  describe('a step that dies in the middle', () => {
    test('leaves a half-migrated store that no service uses, and is run again to its end', async () => {
      await plant(1_000)
      const step = { version: 1, name: 'rename-fullname', direction: 'up', since: START, by: '2.0.0' } as const
      expect(await faultOf(run([failAfter(550), countAge]))).toBe('invalid/migration-failed')
      expect(await using((store) => store.collection(People).count({ name: { gte: '' } }))).toBe(500)
      expect(await record()).toMatchObject({ version: 0, history: [], in_progress: step })
      expect(await faultOf(start(renameName, countAge))).toBe('invalid/schema-half-migrated')
      const down = run([renameName, countAge], { ask: { direction: 'down', to: 0 } })
      expect(await faultOf(down)).toBe('invalid/schema-half-migrated')
      clock.time += 1_000
      expect(await faultOf(run([failAfter(0), countAge], { version: '2.0.1' }))).toBe('invalid/migration-failed')
      expect(await record()).toMatchObject({ in_progress: { ...step, by: '2.0.1' } })
      expect(await run([renameName, countAge])).toMatchObject({
        from: 0,
        to: 2,
        steps: [
          { version: 1, again: true },
          { version: 2, again: false },
        ],
      })
      const found = await using((store) => store.collection(People).find())
      expect(found.filter(({ rev, name }) => rev !== 3 || name === undefined)).toEqual([])
      expect((await record())?.in_progress).toBeUndefined()
    })

    test('on its way down goes on down, and not up', async () => {
      await plant()
      await run([renameName])
      const down = async () => {
        throw new Error('the power is gone')
      }
      const broken = run([{ ...renameName, down }], { ask: { direction: 'down' } })
      expect(await faultOf(broken)).toBe('invalid/migration-failed')
      expect(await faultOf(run([renameName]))).toBe('invalid/schema-half-migrated')
      expect(await run([renameName], { ask: { direction: 'down' } })).toMatchObject({ from: 1, to: 0 })
      expect((await people())[0]).toMatchObject({ fullname: 'Person 0' })
    })
  })

/** A migration whose first run waits before or after its work until it is let go. */
const pausedMigration = (at: 'before' | 'after') => {
  const [started, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let runs = 0
  const up = async (store: Store) => {
    runs += 1
    const run = runs
    const pause = async (point: typeof at) => {
      if (run !== 1 || point !== at) return
      started.resolve()
      await go.promise
    }
    await pause('before')
    await store
      .collection({ name: 'people', fields: { fullname: 'text', age_text: 'text' } })
      .insert({ id: `made by run ${run}` })
    await renameName.up(store)
    await pause('after')
  }
  return { migration: { ...renameName, up }, started: started.promise, go: go.resolve }
}

const takeoverSuite = ({ using, plant, record, run }: Bench) =>
  describe('of two runners', () => {
    for (const at of ['before', 'after'] as const)
      test(`the later one takes over, and one that was silent ${at} its work writes nothing when it wakes`, async () => {
        await plant()
        const { migration, started, go } = pausedMigration(at)
        const first = faultOf(run([migration]))
        await started
        expect(await run([migration], { version: '2.0.1' })).toMatchObject({ to: 1, steps: [{ again: true }] })
        const documents = () => using((store) => store.collection(People).find())
        const after = await documents()
        go()
        expect(await first).toBe('conflict/migration-taken-over')
        expect(await documents()).toEqual(after)
        expect(await record()).toMatchObject({ version: 1, history: [{ version: 1, by: '2.0.1' }], fence: 2 })
      })
  })

/**
 * The promises of migrations that a driver could break, as one suite for every driver. `place` makes a new empty place
 * and answers the function that opens it, which is called again and again, also while an earlier store is open.
 */
export const migrationContract = (name: string, place: () => Promise<() => Promise<Store>>): void =>
  describe(`${name} keeps the contract of migrations`, () => {
    const bench = migrationBench(place)
    for (const suite of [startSuite, upSuite, downSuite, interruptedSuite, takeoverSuite]) suite(bench)
  })
