import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrationContract } from '../../testing/migrations-contract.ts'
import { migrationBench, START } from '../../testing/migrations-contract-bench.ts'
import { countAge, forgetAge, peopleWith, renameName } from '../../testing/migrations-contract-schema.ts'
import { faultOf } from '../../testing/store-contract-jobs.ts'
import type { Migration } from '../schema.ts'
import { sqliteStore } from '../sqlite.ts'
import type { Store } from '../store.ts'
import { previewSteps } from './migrate.ts'
import { records } from './record.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-migrate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0

const place = async () => {
  const path = join(folder, `${made++}`, 'store.sqlite')
  return async () => sqliteStore({ path })
}

migrationContract('sqlite on a file', place)

const { clock, using, open, plant, record, start, run, status } = migrationBench(place)
const all = [renameName, countAge, forgetAge]
const broken: Migration = {
  ...renameName,
  up: async () => {
    throw new Error('the power is gone')
  },
}

test('a refusal and a failure say how the store is and which command repairs it', async () => {
  await plant()
  await expect(start(renameName)).rejects.toThrow(
    'the store is at version 0 and this release needs 1: stop the platform, then bun run migrate',
  )
  await expect(run([broken])).rejects.toThrow(
    "migration 1 'rename-fullname' failed on its way up: the power is gone; the same command runs it again from its beginning",
  )
  await expect(start(renameName)).rejects.toThrow(
    "migration 1 'rename-fullname' began on its way up and is not done: when nothing works at it any more, bun run migrate finishes it, or restore the snapshot taken before the upgrade",
  )
  await run(all)
  await expect(start(renameName)).rejects.toThrow(
    'the store is at version 3 and this release knows 1: install the newer release, or restore the snapshot taken before the upgrade',
  )
  await using((store) => store.collection({ name: 'copies', fields: {} }).insert({ id: 'people' }))
  await expect(start(...all)).rejects.toThrow(
    'these collections are not here yet: people; give the same bun run store copy again to its end',
  )
})

test('a service is refused on a store that a copy has brought here by half, until it is whole', async () => {
  const copies = (store: Store) =>
    store.collection<{ readonly id: string; readonly done: boolean }>({ name: 'copies', fields: {} })
  await using((store) => copies(store).insert({ id: 'people', done: false }))
  expect(await faultOf(start())).toBe('invalid/schema-half-copied')
  await using((store) => copies(store).replace({ id: 'people', done: true }, 1))
  await start()
})

test('each step is told when it begins and when it is recorded', async () => {
  await plant()
  const events: string[] = []
  await run([renameName, countAge], {
    onEvent: ({ kind, step }) => {
      clock.time += 1_000
      events.push(`${kind} ${step.version}`)
    },
  })
  expect(events).toEqual(['begun 1', 'done 1', 'begun 2', 'done 2'])
  expect((await record())?.history.map(({ at }) => at - START)).toEqual([1_000, 3_000])
})

test('a run goes no further than it is asked to, and another time does nothing', async () => {
  await plant()
  await run(all, { ask: { direction: 'up', to: 1 } })
  expect(await record()).toMatchObject({ version: 1 })
  expect(await status(...all)).toBe('old')
  expect(await run(all, { ask: { direction: 'up', to: 1 } })).toEqual({ from: 1, to: 1, steps: [] })
  expect(await run(all)).toMatchObject({ from: 1, to: 3 })
  expect(await run(all)).toEqual({ from: 3, to: 3, steps: [] })
})

test('a preview shows the steps and changes nothing', async () => {
  await plant()
  const steps = await previewSteps({ open, schema: peopleWith(...all), now: () => START, version: '2.0.0' })
  expect(steps.map(({ version, direction }) => `${direction} ${version}`)).toEqual(['up 1', 'up 2', 'up 3'])
  expect(await record()).toBeUndefined()
})

test('no call of a step goes on, and nothing of it is kept, after another runner has taken over', async () => {
  await plant()
  const Notes = { name: 'notes', fields: {} } as const
  const outcomes: unknown[] = []
  const up = async (store: Store) => {
    const notes = store.collection<{ readonly id: string }>(Notes)
    await notes.insert({ id: 'a' })
    await using(async (other) => {
      const kept = await records(other).get('schema')
      if (kept) await records(other).replace({ ...kept, fence: kept.fence + 1 }, kept.rev)
    })
    for (const call of [
      () => notes.get('a'),
      () => notes.find(),
      () => notes.count(),
      () => notes.insert({ id: 'b' }),
      () => notes.insertMany([{ id: 'b' }], { onDuplicate: 'ignore' }),
      () => notes.restore([{ id: 'b', rev: 1 }]),
      () => notes.replace({ id: 'a' }, 1),
      () => notes.remove('a'),
      () => notes.claim({ where: {}, set: {} }),
      () => store.transaction((tx) => tx.collection(Notes).insert({ id: 'b' })),
      () => store.close(),
    ])
      outcomes.push(await faultOf(call()))
  }
  expect(await faultOf(run([{ ...renameName, up }]))).toBe('conflict/migration-taken-over')
  expect(outcomes).toEqual([...Array(10).fill('conflict/migration-taken-over'), 'invalid/not-yours'])
  expect(await using((store) => store.collection(Notes).find())).toEqual([{ id: 'a', rev: 1 }])
})
