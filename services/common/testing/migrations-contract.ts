import { beforeEach, describe, expect, test } from 'bun:test'
import { isFault } from '../process/fault.ts'
import { demandSchema } from '../store/migrations/demand.ts'
import type { Pause } from '../store/migrations/keep-alive.ts'
import { LEASE_MS } from '../store/migrations/lease.ts'
import { lookAt } from '../store/migrations/look.ts'
import { type MigrateOptions, type MigrationEvent, migrate, previewOf } from '../store/migrations/migrate.ts'
import { recordOf } from '../store/migrations/record.ts'
import { type Loose, rewriteAll } from '../store/migrations/rewrite.ts'
import type { Migration } from '../store/schema.ts'
import type { Collection, Store } from '../store/store.ts'
import {
  countAge,
  forgetAge,
  People,
  peopleIn,
  peopleWith,
  plantPeople,
  renameName,
} from './migrations-contract-schema.ts'

const faultOf = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isFault(error) ? `${error.kind}/${error.code}` : error
}

/** Never over by itself: nothing in these tests goes on because time went by. */
const untilAborted: Pause = (_, signal) =>
  new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })

/** The clock of the tests starts here and is moved by hand. */
const START = 1_700_000_000_000

/**
 * The promises of migrate.ts and demand.ts, as one suite for every driver. `place` makes a new empty place and
 * answers the function that opens it, which is called again and again, also while an earlier store is open.
 */
export const migrationContract = (name: string, place: () => Promise<() => Promise<Store>>): void => {
  describe(`${name} keeps the contract of migrations`, () => {
    let open: () => Promise<Store>
    let time = START
    const now = () => time
    beforeEach(async () => {
      open = await place()
      time = START
    })

    const using = async <R>(work: (store: Store) => Promise<R>): Promise<R> => {
      const store = await open()
      return work(store).finally(() => store.close())
    }
    const plant = (count = 3) => using((store) => plantPeople(store, count))
    const people = () => using(peopleIn)
    const demanded = (...migrations: readonly Migration[]) =>
      using((store) => demandSchema(store, peopleWith(...migrations), { now, version: '1.0.0' }))
    const run = (migrations: readonly Migration[], options: Partial<MigrateOptions> = {}) =>
      migrate({
        open,
        schema: peopleWith(...migrations),
        holder: 'machine process 1',
        now,
        version: '2.0.0',
        pause: untilAborted,
        ...options,
      })
    const sight = (...migrations: readonly Migration[]) =>
      using((store) => lookAt(store, peopleWith(...migrations), time))
    const all = [renameName, countAge, forgetAge]

    describe('a service that starts', () => {
      test('records a store that holds nothing as being at the newest version', async () => {
        await demanded(...all)
        expect(await using(recordOf)).toEqual({
          id: 'schema',
          version: 3,
          began: { version: 3, at: START, by: '1.0.0' },
          history: [],
          fence: 0,
          rev: 1,
        })
      })

      test('succeeds beside another process that starts on the same empty store', async () => {
        const [one, other] = [await open(), await open()]
        const schema = peopleWith(...all)
        const both = [one, other].map((store) => demandSchema(store, schema, { now, version: '1.0.0' }))
        expect(await Promise.all(both)).toEqual([undefined, undefined])
        await Promise.all([one.close(), other.close()])
        await demanded(...all)
      })

      test('takes a store from before records as it is while there are no migrations', async () => {
        await plant()
        await demanded()
        expect(await sight()).toMatchObject({ version: 0, newest: 0, standing: 'current' })
        expect(await faultOf(demanded(renameName))).toBe('invalid/schema-old')
      })

      test('is refused on a store from before records when there are migrations', async () => {
        await plant()
        await expect(demanded(renameName)).rejects.toMatchObject({
          kind: 'invalid',
          code: 'schema-old',
          message:
            'the store is at version 0 and this release needs 1: stop the platform, then bun run migrate',
        })
        expect(await using(recordOf)).toMatchObject({ version: 0, history: [] })
      })

      test('is refused on a newer store', async () => {
        await demanded(...all)
        await expect(demanded(renameName)).rejects.toMatchObject({
          kind: 'invalid',
          code: 'schema-newer',
          message:
            'the store is at version 3 and this release knows 1: install the newer release, or restore the snapshot taken before the upgrade',
        })
      })

      test('is refused on a store that a copy has brought here by half, until it is whole', async () => {
        type Copy = { readonly id: string; readonly done: boolean }
        const note = (change: (copies: Collection<Copy>) => Promise<unknown>) =>
          using((store) => change(store.collection<Copy>({ name: 'copies', fields: {} })))
        await note((copies) => copies.insert({ id: 'people', done: false }))
        await expect(demanded()).rejects.toMatchObject({
          kind: 'invalid',
          code: 'schema-half-copied',
          message: expect.stringContaining('people'),
        })
        await note((copies) => copies.replace({ id: 'people', done: true }, 1))
        await demanded()
      })

      test('is refused on a store that another migration of the same number brought here', async () => {
        await plant()
        await run([renameName])
        expect(await faultOf(demanded({ ...renameName, name: 'another-one' }))).toBe('invalid/schema-differs')
      })
    })

    describe('a store that is brought up', () => {
      test('has every document changed once, and the record of what was done, when and by what', async () => {
        await plant(5_000)
        const events: MigrationEvent[] = []
        const before = await using((store) => store.collection(People).find({ limit: 1, skip: 4_999 }))
        const done = await run([renameName, countAge], {
          onEvent: (event) => {
            time += 1_000
            events.push(event)
          },
        })
        expect(before).toMatchObject([{ id: 'p04999', fullname: 'Person 4999', age_text: '99', rev: 1 }])
        expect(done).toMatchObject({ from: 0, to: 2, steps: [{ version: 1 }, { version: 2 }] })
        expect(events.map((event) => ('step' in event ? `${event.kind} ${event.step.version}` : ''))).toEqual(
          ['begun 1', 'done 1', 'begun 2', 'done 2'],
        )
        const found = await using((store) => store.collection(People).find())
        expect(found.length).toBe(5_000)
        expect(found.filter(({ rev, ...doc }) => rev !== 3 || Object.keys(doc).length !== 3)).toEqual([])
        expect(found.at(-1)).toEqual({ id: 'p04999', name: 'Person 4999', age: 99, rev: 3 })
        expect(await using(recordOf)).toEqual({
          id: 'schema',
          version: 2,
          began: { version: 0, at: START, by: '2.0.0' },
          history: [
            { version: 1, name: 'rename-fullname', direction: 'up', at: START + 1_000, by: '2.0.0' },
            { version: 2, name: 'age-to-number', direction: 'up', at: START + 3_000, by: '2.0.0' },
          ],
          fence: 1,
          rev: 5,
        })
        await demanded(renameName, countAge)
      }, 60_000)

      test('goes no further than it is asked to, and another time does nothing', async () => {
        await plant()
        await run(all, { ask: { direction: 'up', to: 1 } })
        expect(await sight(...all)).toMatchObject({ version: 1, newest: 3, standing: 'old' })
        expect(await run(all, { ask: { direction: 'up', to: 1 } })).toEqual({ from: 1, to: 1, steps: [] })
        expect(await run(all)).toMatchObject({ from: 1, to: 3 })
        expect(await run(all)).toEqual({ from: 3, to: 3, steps: [] })
      })

      test('that holds nothing gets the newest version without a step', async () => {
        expect(await run(all)).toEqual({ from: 3, to: 3, steps: [] })
        expect(await using(recordOf)).toMatchObject({ version: 3, history: [] })
      })

      test('is not changed by a preview', async () => {
        await plant()
        const steps = await previewOf({ open, schema: peopleWith(...all), now, version: '2.0.0' })
        expect(steps.map(({ version, direction }) => `${direction} ${version}`)).toEqual([
          'up 1',
          'up 2',
          'up 3',
        ])
        expect(await using(recordOf)).toBeUndefined()
      })

      test('stays half-migrated when its documents do not fit what the code declares', async () => {
        await plant()
        const unique = { ...peopleWith(renameName), collections: [{ ...People, unique: [['name']] }] }
        await using(async (store) => {
          await store.collection({ name: 'people', fields: {} }).insert({
            id: 'twin',
            ...{ fullname: 'Person 0' },
          })
        })
        expect(await faultOf(run([], { schema: unique }))).toBe('conflict/migration-failed')
        expect(await sight(renameName)).toMatchObject({ version: 0, standing: 'half-migrated' })
      })
    })

    describe('a store that is brought down', () => {
      test('and up again has the same content', async () => {
        await plant(20)
        await run([renameName, countAge])
        const before = await people()
        expect(await run([renameName, countAge], { ask: { direction: 'down' } })).toMatchObject({
          from: 2,
          to: 1,
        })
        expect((await people())[1]).toEqual({ id: 'p00001', name: 'Person 1', age_text: '1' })
        expect(await run([renameName, countAge], { ask: { direction: 'down' } })).toMatchObject({
          from: 1,
          to: 0,
        })
        expect((await people())[1]).toEqual({ id: 'p00001', fullname: 'Person 1', age_text: '1' })
        await run([renameName, countAge])
        expect(await people()).toEqual(before)
        const record = await using(recordOf)
        expect(record?.history.map(({ direction, version }) => `${direction} ${version}`)).toEqual([
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
        const before = await using((store) => store.collection(People).find())
        expect(await faultOf(run(all, { ask: { direction: 'down', to: 0 } }))).toBe('invalid/irreversible')
        expect(await using((store) => store.collection(People).find())).toEqual(before)
        expect(await sight(...all)).toMatchObject({ version: 3, standing: 'current' })
      })

      test('is the release before it again', async () => {
        await plant()
        await run([renameName, countAge])
        expect(await faultOf(demanded(renameName))).toBe('invalid/schema-newer')
        await run([renameName, countAge], { ask: { direction: 'down' } })
        await demanded(renameName)
      })
    })

    describe('a step that dies in the middle', () => {
      /** Renames, and throws when it has seen so many documents. */
      const dying = (after: number): Migration => {
        let left = after
        const change = (doc: Loose) => {
          left -= 1
          if (left < 0) throw new Error('the power is gone')
          const { fullname, ...rest } = doc
          return fullname === undefined ? undefined : { ...rest, id: doc.id, name: fullname }
        }
        return { ...renameName, up: (store) => rewriteAll(store, { name: 'people', fields: {} }, change) }
      }

      test('leaves a half-migrated store that no service uses, and is run again to its end', async () => {
        await plant(1_000)
        await expect(run([dying(550), countAge])).rejects.toMatchObject({
          kind: 'invalid',
          code: 'migration-failed',
          message:
            "migration 1 'rename-fullname' failed on its way up: the power is gone; the same command runs it again from its beginning",
        })
        const renamed = await using((store) => store.collection(People).count({ name: { gte: '' } }))
        expect(renamed).toBe(500)
        expect(await using(recordOf)).toMatchObject({
          version: 0,
          history: [],
          in_progress: {
            version: 1,
            name: 'rename-fullname',
            direction: 'up',
            since: START,
            by: '2.0.0',
          },
        })
        await expect(demanded(renameName, countAge)).rejects.toMatchObject({
          code: 'schema-half-migrated',
          message:
            "migration 1 'rename-fullname' began on its way up and is not done: bun run migrate --status says whether it runs; when nothing does, bun run migrate finishes it, or restore the snapshot taken before the upgrade",
        })
        expect(await faultOf(run([renameName, countAge], { ask: { direction: 'down', to: 0 } }))).toBe(
          'invalid/schema-half-migrated',
        )
        time += 1_000
        expect(await faultOf(run([dying(0), countAge], { version: '2.0.1' }))).toBe(
          'invalid/migration-failed',
        )
        expect((await using(recordOf))?.in_progress).toMatchObject({ since: START, by: '2.0.1' })
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
        expect((await using(recordOf))?.in_progress).toBeUndefined()
      })

      test('on its way down goes on down, and not up', async () => {
        await plant()
        await run([renameName])
        const broken: Migration = {
          ...renameName,
          down: async () => {
            throw new Error('the power is gone')
          },
        }
        expect(await faultOf(run([broken], { ask: { direction: 'down' } }))).toBe('invalid/migration-failed')
        expect(await faultOf(run([renameName]))).toBe('invalid/schema-half-migrated')
        expect(await run([renameName], { ask: { direction: 'down' } })).toMatchObject({ from: 1, to: 0 })
        expect((await people())[0]).toMatchObject({ fullname: 'Person 0' })
      })
    })

    describe('of two runners', () => {
      /** A migration whose first run waits in the middle until it is let go. */
      const held = (at: 'before' | 'after') => {
        const started = Promise.withResolvers<void>()
        const go = Promise.withResolvers<void>()
        let runs = 0
        const wait = async (point: 'before' | 'after', own: number) => {
          if (own !== 1 || point !== at) return
          started.resolve()
          await go.promise
        }
        const up = async (store: Store) => {
          runs += 1
          const own = runs
          await wait('before', own)
          await store.collection({ name: 'people', fields: { fullname: 'text', age_text: 'text' } }).insert({
            id: `made by run ${own}`,
          })
          await renameName.up(store)
          await wait('after', own)
        }
        return { migration: { ...renameName, up }, started: started.promise, go: go.resolve }
      }

      test('the second is refused and told who is at it', async () => {
        await plant()
        const { migration, started, go } = held('before')
        const first = run([migration], { holder: 'first' })
        await started
        await expect(run([migration], { holder: 'second' })).rejects.toMatchObject({
          kind: 'conflict',
          code: 'migration-running',
          extra: { holder: 'first', expires_at: START + LEASE_MS },
        })
        expect(await sight(migration)).toMatchObject({
          standing: 'half-migrated',
          holder: { holder: 'first', fence: 1 },
        })
        go()
        expect(await first).toMatchObject({ from: 0, to: 1 })
        expect((await sight(migration)).holder).toBeUndefined()
      })

      test('the second waits as long as its patience, and then finds nothing left to do', async () => {
        await plant()
        const { migration, started, go } = held('before')
        const first = run([migration], { holder: 'first' })
        await started
        const waited: MigrationEvent[] = []
        const second = await run([migration], {
          holder: 'second',
          patienceMs: 10_000,
          pause: async () => {
            go()
            await first
          },
          onEvent: (event) => waited.push(event),
        })
        expect(waited).toEqual([{ kind: 'waiting', holder: 'first' }])
        expect(second).toEqual({ from: 1, to: 1, steps: [] })
        expect((await using(recordOf))?.history.length).toBe(1)
      })

      for (const at of ['before', 'after'] as const)
        test(`one that was silent for too long ${at} its work is replaced, and records nothing when it wakes`, async () => {
          await plant()
          const { migration, started, go } = held(at)
          const first = faultOf(run([migration], { holder: 'first', version: '2.0.0' }))
          await started
          expect(await faultOf(run([migration], { holder: 'second' }))).toBe('conflict/migration-running')
          time += LEASE_MS
          expect(await run([migration], { holder: 'second', version: '2.0.1' })).toMatchObject({ to: 1 })
          const after = await using((store) => store.collection(People).find())
          go()
          expect(await first).toBe('conflict/lease-lost')
          expect(await using((store) => store.collection(People).find())).toEqual(after)
          expect(await using(recordOf)).toMatchObject({
            version: 1,
            history: [{ version: 1, by: '2.0.1' }],
            fence: 2,
          })
        })

      test('one that is slow but not silent keeps the lease for as long as it works', async () => {
        await plant()
        const { migration, started, go } = held('before')
        let beat = () => {}
        const beaten = async () => {
          time += LEASE_MS / 2
          const before = (await sight(migration)).holder?.expires_at
          beat()
          for (;;) {
            const { holder } = await sight(migration)
            if (holder?.expires_at !== before) return holder?.expires_at
            await Bun.sleep(1)
          }
        }
        const first = run([migration], {
          holder: 'first',
          pause: (_, signal) =>
            new Promise((resolve) => {
              beat = resolve
              signal?.addEventListener('abort', () => resolve(), { once: true })
            }),
        })
        await started
        for (const halves of [1, 2, 3])
          expect(await beaten()).toBe(START + (halves * LEASE_MS) / 2 + LEASE_MS)
        expect(await faultOf(run([migration], { holder: 'second' }))).toBe('conflict/migration-running')
        go()
        expect(await first).toMatchObject({ from: 0, to: 1 })
      })
    })
  })
}
