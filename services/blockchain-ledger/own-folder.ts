import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '#common/process/error'
import { Fault } from '#common/process/fault'
import { syncFolderAsync } from '#common/process/sync-folder'

/** Small files of the ledger beside its store. Throws Fault unavailable `disk-full`, `disk-error`. */
export type OwnFolder = {
  readonly read: (name: string) => Promise<string | undefined>
  /** The file holds the old or the new text whole, and the new one is durable when it resolves. */
  readonly replace: (name: string, text: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
}

/** Not the store's own: what is loaded with its drivers may be loaded by no service besides, or their layer is another one here. */
const folderFault = (error: unknown, name: string): Fault => {
  const code = errorCode(error)
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new Fault(
    'unavailable',
    isFull ? 'disk-full' : 'disk-error',
    isFull
      ? 'the disk that holds the data is full and nothing was written: free space there, then repeat the request'
      : `${name} in the data folder cannot be used (${code}): check the disk and the rights of that folder`,
    { retryAfter: isFull ? 30_000 : 1_000, cause: error },
  )
}

const writeBeside = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

export const ownFolder = (folder: string): OwnFolder => ({
  read: async (name) => {
    try {
      return await readFile(join(folder, name), 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw folderFault(error, name)
    }
  },
  replace: async (name, text) => {
    const part = join(folder, `${name}.part`)
    try {
      await writeBeside(part, text)
      await rename(part, join(folder, name))
      await syncFolderAsync(folder)
    } catch (error) {
      await rm(part, { force: true }).catch(() => {})
      throw folderFault(error, name)
    }
  },
  remove: (name) => rm(join(folder, name), { force: true }),
})
