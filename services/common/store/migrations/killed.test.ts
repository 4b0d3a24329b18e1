import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countAge, People, peopleWith, plantPeople, renameName } from '../../testing/migrations-contract-schema.ts'
import { sqliteStore } from '../sqlite.ts'
import { migrate } from './migrate.ts'
import { inspectRecord } from './plan.ts'
import { readRecord } from './record.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-killed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0
const planted = async (count: number) => {
  const path = join(folder, `${made++}`, 'store.sqlite')
  const store = sqliteStore({ path })
  await plantPeople(store, count)
  await store.close()
  return path
}

const spawn = (...args: readonly string[]) =>
  Bun.spawn([process.execPath, join(import.meta.dir, 'runner.fixture.ts'), ...args], {
    stdout: 'pipe',
    stderr: 'inherit',
  })

/** Kills the runner when it has kept so many batches. */
const killedAfter = async (path: string, batches: number) => {
  const child = spawn(path, '0', String(batches))
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of child.stdout) {
    text += decoder.decode(bytes, { stream: true })
    if (text.split('\n').length > batches) child.kill('SIGKILL')
  }
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
}

const schema = peopleWith(renameName, countAge)

test('a runner that was killed in the middle of a step leaves what the next one finishes, and nothing is done twice', async () => {
  for (const batches of [1, 7, 23]) {
    const path = await planted(5_000)
    const open = async () => sqliteStore({ path })
    await killedAfter(path, batches)
    const store = await open()
    const record = await readRecord(store)
    expect(record).toMatchObject({ version: 0, in_progress: { version: 1, direction: 'up', by: '2.0.0' } })
    expect(inspectRecord(record, schema).status).toBe('half-migrated')
    expect(await store.collection(People).count({ name: { gte: '' } })).toBe(batches * 100)
    await store.close()

    expect(await migrate({ open, schema, version: '2.0.1', now: Date.now })).toMatchObject({
      from: 0,
      to: 2,
      steps: [{ again: true }, { again: false }],
    })
    const after = await open()
    const found = await after.collection(People).find()
    expect(found.length).toBe(5_000)
    expect(found.filter(({ rev, name, age }) => rev !== 3 || !name || typeof age !== 'number')).toEqual([])
    expect((await readRecord(after))?.history.map(({ version, by }) => [version, by])).toEqual([
      [1, '2.0.1'],
      [2, '2.0.1'],
    ])
    await after.close()
  }
}, 60_000)

test('of runners in processes of their own the last to begin finishes, and the others are told or find it done', async () => {
  const path = await planted(2_000)
  const outcomes = await Promise.all(
    ['first', 'second', 'third'].map(async () => {
      const child = spawn(path, '20')
      const text = await new Response(child.stdout).text()
      return { code: await child.exited, last: text.trimEnd().split('\n').at(-1) ?? '' }
    }),
  )
  for (const { code, last } of outcomes)
    expect([code, last]).toBeOneOf([
      [0, 'from 0 to 2 in 2'],
      [0, 'from 1 to 2 in 1'],
      [0, 'from 2 to 2 in 0'],
      [1, 'migration-taken-over'],
    ])
  const store = sqliteStore({ path })
  expect((await readRecord(store))?.history.map(({ version }) => version)).toEqual([1, 2])
  expect((await store.collection(People).find()).filter(({ rev }) => rev !== 3)).toEqual([])
  await store.close()
}, 60_000)
