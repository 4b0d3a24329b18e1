import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrationContract } from '../../testing/migrations-contract.ts'
import { sqliteStore } from '../sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-migrate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0

migrationContract('sqlite on a file', async () => {
  const path = join(folder, `${made++}`, 'store.sqlite')
  return async () => sqliteStore({ path })
})
