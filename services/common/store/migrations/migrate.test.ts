import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '../sqlite.ts'
import { migrationContract } from './contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-migrate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let made = 0

migrationContract('sqlite on a file', async () => {
  const path = join(folder, `${made++}`, 'store.sqlite')
  return async () => sqliteStore({ path })
})
