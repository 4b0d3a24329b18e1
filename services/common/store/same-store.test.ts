import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { settleRecord } from './migrations/record.ts'
import { requireSameStore, STORE_FILE } from './same-store.ts'
import { sqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-same-store-'))
const opened: Store[] = []
afterAll(async () => {
  for (const store of opened) await store.close()
  rmSync(root, { recursive: true, force: true })
})
const folder = () => mkdtempSync(join(root, 'data-'))
/** A database that somebody made at a moment, epoch ms. */
const begun = async (at: number): Promise<Store> => {
  const store = await sqliteStore({ path: join(folder(), 'store.sqlite') })
  opened.push(store)
  await settleRecord(store, { collections: [], migrations: [] }, { now: () => at, version: '1' })
  return store
}
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: { readonly kind: string; readonly code: string }) => `${error.kind} ${error.code}`,
  )

test('a service takes the first database it finds, and that one from then on', async () => {
  const [at, store] = [folder(), await begun(1_700_000_000_000)]
  await requireSameStore(store, at)
  expect(readFileSync(join(at, STORE_FILE), 'utf8')).toBe('1700000000000\n')
  await requireSameStore(store, at)
})

test('an empty database in its place is refused, and nothing is forgotten by that: the right one is taken when it is back', async () => {
  const [at, store] = [folder(), await begun(1_700_000_000_000)]
  await requireSameStore(store, at)
  const other = await begun(1_700_000_000_001)
  for (let round = 0; round < 2; round++) expect(await code(requireSameStore(other, at))).toBe('unavailable store-lost')
  expect(requireSameStore(other, at)).rejects.toThrow(
    'it began 2023-11-14T22:13:20.001Z, that one 2023-11-14T22:13:20.000Z; bun run recover volume lucid_core_mongo_data',
  )
  await requireSameStore(store, at)
})

test('a memory that a power cut left empty is made anew; one that is no moment is somebody’s, and refused', async () => {
  const [at, store] = [folder(), await begun(1_700_000_000_000)]
  writeFileSync(join(at, STORE_FILE), '')
  await requireSameStore(store, at)
  expect(readFileSync(join(at, STORE_FILE), 'utf8')).toBe('1700000000000\n')
  writeFileSync(join(at, STORE_FILE), 'yesterday\n')
  expect(await code(requireSameStore(store, at))).toBe('unavailable store-lost')
})
