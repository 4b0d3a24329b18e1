import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ImagesLock, LockError, parseLock } from './lock.ts'

/** Where the lock stands, from the root of the repository. */
export const LOCK_PATH = 'scripts/images/images-packages.lock.json'

/** The committed lock; undefined when there is none. Throws LockError when it is broken. */
export const readLock = (root: string): ImagesLock | undefined => {
  const path = join(root, LOCK_PATH)
  return existsSync(path) ? parseLock(readFileSync(path, 'utf8')) : undefined
}

/** The committed lock. Throws LockError when there is none. */
export const requireLock = (root: string): ImagesLock => {
  const lock = readLock(root)
  if (lock === undefined) throw new LockError(`${LOCK_PATH} is missing`)
  return lock
}
