import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { syncFolderAsync } from '../process/sync-folder.ts'
import { readRecord } from './migrations/record.ts'
import type { Store } from './store.ts'

/** Where a service keeps which database it had, beside its own data: when that began, epoch ms. */
export const STORE_FILE = 'store-began'

const readIfThere = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}

/** Whole under another name first, and on the disk before it has its own. */
const writeWhole = async (folder: string, text: string): Promise<void> => {
  const part = join(folder, `${STORE_FILE}.part`)
  const file = await open(part, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, join(folder, STORE_FILE))
  await syncFolderAsync(folder)
}

const formatMoment = (ms: string): string =>
  Number.isSafeInteger(Number(ms)) ? new Date(Number(ms)).toISOString() : 'an unknown time'

/**
 * Requires the database that a service had before, told by the moment in which its schema record began: that is written once, and goes
 * with a copy and a backup. A service without such a memory takes the one it finds. `folder` is its own, which is not in that database.
 * Throws Fault unavailable `store-lost`, so that it waits for the right one to come back; an empty database is not gone on with.
 */
export const requireSameStore = async (store: Store, folder: string): Promise<void> => {
  const record = await readRecord(store)
  if (record === undefined)
    throw new Fault('unavailable', 'record-gone', 'the schema record was there a moment ago; try again')
  const began = `${record.began.at}`
  const kept = await readIfThere(join(folder, STORE_FILE))
  if (kept === began) return
  if (kept === '') return writeWhole(folder, `${began}\n`)
  throw new Fault(
    'unavailable',
    'store-lost',
    `this is not the database that the service had: it began ${formatMoment(began)}, that one ${formatMoment(kept)}; bun run recover volume lucid_core_mongo_data brings it back from a backup, or gives it up with --empty or --adopt; without a host, remove ${join(folder, STORE_FILE)} to go on with this one`,
  )
}
