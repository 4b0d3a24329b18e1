import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../process/error.ts'
import { Fault } from '../process/fault.ts'
import { syncFolderAsync } from '../process/sync-folder.ts'
import { PART } from './format.ts'
import { ownBytes } from './own-bytes.ts'

export const noRoom = (error: unknown): unknown =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorCode(error))
    ? new Fault(
        'exhausted',
        'repository-full',
        'the repository is full: free space or give another place with --to; earlier backups in it are whole',
        { cause: error },
      )
    : error

/** One call of the system for all parts. What a full disk did not take is written again alone, so that it says so. */
const writeAll = async (file: FileHandle, parts: readonly Uint8Array[]): Promise<void> => {
  const { bytesWritten } = await file.writev([...parts])
  let skip = bytesWritten
  for (const part of parts) {
    if (skip < part.length)
      for (let done = skip; done < part.length; )
        done += (await file.write(part, done, part.length - done)).bytesWritten
    skip = Math.max(0, skip - part.length)
  }
}

/** Told before each change of the disk: tests end the process there. */
export type OnWrite = (what: string) => void

/**
 * The files below `root`. A name always holds a whole file: it is written beside its place, fsynced and renamed in. A
 * full disk is Fault `exhausted`, a file that is gone `missing`, one that cannot be read `unavailable`.
 */
export const wholeFiles = (root: string, onWrite: OnWrite) => ({
  write: async (path: string, parts: readonly Uint8Array[]): Promise<number> => {
    const part = `${join(root, path)}${PART}`
    try {
      onWrite(`open ${path}`)
      const file = await open(part, 'w', 0o600)
      try {
        onWrite(`write ${path}`)
        await writeAll(file, parts)
        onWrite(`sync ${path}`)
        await file.datasync()
      } finally {
        await file.close()
      }
      onWrite(`rename ${path}`)
      await rename(part, join(root, path))
      return parts.reduce((sum, { length }) => sum + length, 0)
    } catch (error) {
      await rm(part, { force: true }).catch(() => {})
      throw noRoom(error)
    }
  },
  read: async (path: string, what: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return ownBytes(await readFile(join(root, path)))
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw new Fault('missing', 'gone', `${what} is not there`, { cause: error })
      throw new Fault('unavailable', 'unreadable', `${what} cannot be read (${errorCode(error)})`, { cause: error })
    }
  },
  remove: async (path: string): Promise<void> => {
    onWrite(`remove ${path}`)
    await rm(join(root, path), { force: true })
  },
  syncFolder: (path: string): Promise<void> => syncFolderAsync(join(root, path)),
})

export type WholeFiles = ReturnType<typeof wholeFiles>
