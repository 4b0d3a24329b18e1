import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '#common/process/error'
import { syncFolder } from '#common/process/sync-folder'

/** Makes a folder that only its owner may enter (0700), with its parents. An existing one is left as it is. */
export const makePrivateFolder = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Writes a new private file (0600) beside `path` and returns its name, synced when `durable`. */
const writeBeside = (path: string, text: string, durable: boolean): string => {
  const temporary = `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`
  const file = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(file, text)
    if (durable) fsyncSync(file)
  } catch (error) {
    rmSync(temporary)
    throw error
  } finally {
    closeSync(file)
  }
  return temporary
}

/** Replaces a file whole (0600); `durable` also makes it survive a power cut, which live processes' files need not. */
export const replaceFile = (path: string, text: string, { durable }: { readonly durable: boolean }): void => {
  const temporary = writeBeside(path, text, durable)
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary)
    throw error
  }
  if (durable) syncFolder(dirname(path))
}

/** Creates a file whole and durable (0600) by a hard link: false when there is one; of two at once exactly one wins. */
export const createFile = (path: string, text: string): boolean => {
  const temporary = writeBeside(path, text, true)
  try {
    linkSync(temporary, path)
    syncFolder(dirname(path))
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary)
  }
}
