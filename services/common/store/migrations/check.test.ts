import { expect, test } from 'bun:test'
import type { Migration, StoreSchema } from '../schema.ts'
import { sqliteStore } from '../sqlite.ts'
import { checkSchema, schemaBreaches } from './check.ts'
import { migrate } from './migrate.ts'
import { requireSchema } from './require-schema.ts'

const nothing = async () => {}
const migration = (version: number, name: string): Migration => ({ version, name, up: nothing, down: nothing })
const plain = (name: string) => ({ name, fields: {} })
const good: StoreSchema = {
  collections: [plain('things'), plain('more_things')],
  migrations: [migration(1, 'rename-owner'), migration(2, 'drop-cache2')],
}

test('a schema that keeps the rules has no breach', () => {
  expect(schemaBreaches(good)).toEqual([])
  expect(schemaBreaches({ collections: [], migrations: [] })).toEqual([])
})

test.each<readonly [change: Partial<StoreSchema>, breaches: readonly string[]]>([
  [{ collections: [plain('things'), plain('things')] }, ['collection things is declared twice']],
  [{ collections: [plain('schema')] }, ['collection schema belongs to the store itself']],
  [{ collections: [plain('schema_lease')] }, ['collection schema_lease belongs to the store itself']],
  [{ collections: [plain('Things')] }, ['not a collection name: "Things"']],
  [{ migrations: [migration(2, 'two')] }, ["migration 2 'two' breaks the row 1, 2, 3, ... of versions"]],
  [
    { migrations: [migration(1, 'one'), migration(3, 'three')] },
    ["migration 3 'three' breaks the row 1, 2, 3, ... of versions"],
  ],
  [
    { migrations: [migration(1, 'one'), migration(1, 'two')] },
    ["migration 1 'two' breaks the row 1, 2, 3, ... of versions"],
  ],
  [{ migrations: [migration(1, 'Rename_Owner')] }, ["migration 1 'Rename_Owner' needs a kebab-case name"]],
  [{ migrations: [migration(1, 'one'), migration(2, 'one')] }, ["two migrations are called 'one'"]],
])('%j is a breach', (change, breaches) => {
  expect(schemaBreaches({ ...good, ...change })).toEqual(breaches)
})

test('neither a service nor a runner takes a schema with a breach, and all breaches are said at once', async () => {
  const bad: StoreSchema = { collections: [plain('schema')], migrations: [migration(2, 'two')] }
  const both = {
    code: 'bad-schema',
    message: "collection schema belongs to the store itself; migration 2 'two' breaks the row 1, 2, 3, ... of versions",
  }
  expect(() => checkSchema(bad)).toThrow(expect.objectContaining(both))
  const store = sqliteStore({ path: ':memory:' })
  await expect(requireSchema(store, bad, { now: () => 1, version: '1' })).rejects.toMatchObject(both)
  const open = async () => {
    throw new Error('nothing is opened')
  }
  const run = migrate({ open, schema: bad, now: () => 1, version: '1' })
  await expect(run).rejects.toMatchObject(both)
  await store.close()
})
