import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreSchema } from '../schema.ts'
import { sqliteStore } from '../sqlite.ts'
import { parseMigrateArguments, runMigration } from './command.ts'
import { readRecord } from './record.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-migrate-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a service that is given words migrates and does not serve; words it does not know are refused', () => {
  expect(parseMigrateArguments([])).toBeUndefined()
  expect(parseMigrateArguments(['migrate', 'up', '3'])).toEqual({ direction: 'up', to: 3 })
  expect(parseMigrateArguments(['migrate', 'down', '0'])).toEqual({ direction: 'down', to: 0 })
  for (const words of [
    ['migrate'],
    ['migrate', 'up'],
    ['migrate', 'sideways', '1'],
    ['migrate', 'up', '-1'],
    ['serve'],
    ['migrate', 'up', '1', 'x'],
  ])
    expect(() => parseMigrateArguments(words)).toThrow(`this takes no "${words.join(' ')}"`)
})

test('a store goes up to a version and down again, and asking twice does it once', async () => {
  const schema: StoreSchema = {
    collections: [],
    migrations: [
      { version: 1, name: 'first', up: async () => {}, down: async () => {} },
      { version: 2, name: 'second', up: async () => {}, down: async () => {} },
    ],
  }
  const open = () => sqliteStore({ path: join(folder, 'store.sqlite') })
  const events: string[] = []
  const options = { open: async () => open(), schema, info: (event: string) => events.push(event), version: '0.0.0' }
  const versionNow = async () => {
    const store = await open()
    const record = await readRecord(store)
    await store.close()
    return record?.version
  }
  const first = { ...schema, migrations: schema.migrations.slice(0, 1) }
  await runMigration({ ...options, schema: first, ask: { direction: 'up', to: 1 } })
  await runMigration({ ...options, ask: { direction: 'up', to: 2 } })
  await runMigration({ ...options, ask: { direction: 'up', to: 2 } })
  expect(await versionNow()).toBe(2)
  await runMigration({ ...options, ask: { direction: 'down', to: 1 } })
  expect(await versionNow()).toBe(1)
  const step = ['migration-begun', 'migration-done', 'migrated']
  expect(events).toEqual(['migrated', ...step, 'migrated', ...step])
})
