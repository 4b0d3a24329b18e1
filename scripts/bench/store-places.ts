import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import { CliError, EXIT_USAGE } from '../cli/fail.ts'
import type { Tested } from './store.ts'

/** A store for one run, which is gone after it. */
export type Borrowed = { readonly tested: Tested; readonly giveBack: () => Promise<void> }

/** The embedded driver on a file of its own below `folder`, on the disk under test. */
const borrowSqlite = async (folder: string): Promise<Borrowed> => {
  const root = mkdtempSync(join(folder, 'bench-store-'))
  const store = sqliteStore({ path: join(root, 'store.sqlite') })
  return {
    tested: {
      name: 'bun:sqlite',
      store,
      bytes: async () =>
        (await readdir(root)).reduce((sum, name) => sum + statSync(join(root, name)).size, 0),
    },
    giveBack: async () => {
      await store.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** What `--store` names. Throws CliError for anything else. */
export const borrow = async (what: string, folder: string): Promise<Borrowed> => {
  if (what === 'sqlite') return borrowSqlite(folder)
  throw new CliError('--store takes sqlite', { exitCode: EXIT_USAGE })
}
