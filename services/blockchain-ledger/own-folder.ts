import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '#common/process/error'
import { syncFolderAsync } from '#common/process/sync-folder'
import { sqliteFault } from '#common/store/sqlite-fault'

/** Small files of the ledger beside its store. Throws Fault unavailable `disk-full`, `disk-error`. */
export type OwnFolder = {
  readonly read: (name: string) => Promise<string | undefined>
  /** The file holds the old or the new text whole, and the new one is durable when it resolves. */
  readonly replace: (name: string, text: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
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
      throw sqliteFault(error, name)
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
      throw sqliteFault(error, name)
    }
  },
  remove: (name) => rm(join(folder, name), { force: true }),
})
