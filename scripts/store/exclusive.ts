import { existsSync } from 'node:fs'
import { errorCode } from '#common/process/error'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { findLeftovers } from '../platform/leftovers.ts'
import { type Lock, takeLock } from '../platform/lock.ts'

/** A platform was started there once: see `platform/lock.ts`. */
export const hasRun = ({ lock }: Home): boolean => existsSync(lock)

/** The lock, or undefined where nothing can be locked because nothing can be written: nobody can start there. */
const lockHome = (home: Home): Lock | undefined => {
  try {
    const lock = takeLock(home, { patienceMs: 500 })
    if (lock !== undefined) return lock
  } catch (error) {
    if (/^(SQLITE_(CANTOPEN|READONLY)|EROFS|EACCES)/.test(errorCode(error))) return undefined
    throw error
  }
  throw new CliError(
    `the platform of ${home.root} is running, and its services use their stores: bun run down stops it`,
  )
}

/** Does work while nothing runs in these state folders, `bun run up` included. Throws CliError when something does. */
export const exclusive = async <R>(homes: readonly Home[], work: () => Promise<R>): Promise<R> => {
  const locks: (Lock | undefined)[] = []
  try {
    for (const home of new Map(homes.map((one) => [one.root, one])).values()) {
      locks.push(lockHome(home))
      if (findLeftovers(home).length > 0)
        throw new CliError(
          `services of ${home.root} still run though their supervisor is gone, and use their stores: bun run down ends them`,
        )
    }
    return await work()
  } finally {
    for (const lock of locks) lock?.release()
  }
}
