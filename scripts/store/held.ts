import { existsSync } from 'node:fs'
import { errorCode } from '#common/process/error'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { findLeftovers } from '../platform/leftovers.ts'
import { type Lock, takeLock } from '../platform/lock.ts'

/** The lock, or undefined where nothing can be locked because nothing can be written: nobody can start there. */
const lockOf = (home: Home): Lock | undefined => {
  try {
    const lock = takeLock(home, { patienceMs: 500 })
    if (lock !== undefined) return lock
  } catch (error) {
    if (/^(SQLITE_(CANTOPEN|READONLY)|EROFS|EACCES)/.test(errorCode(error))) return undefined
    throw error
  }
  throw new CliError(
    `a platform runs in ${home.root}: stop it first (bun run down), its stores must not change`,
  )
}

/** Keeps platforms from running in state folders until `release`. */
export type Holding = {
  /** Of a folder in which one ran before. Throws CliError when one runs. */
  readonly hold: (home: Home | undefined) => void
  /** Also where none ever ran: makes the lock. */
  readonly holdNew: (home: Home | undefined) => void
  readonly release: () => void
}

export const holding = (): Holding => {
  const locks = new Map<string, Lock>()
  const holdNew = (home: Home | undefined) => {
    if (home === undefined || locks.has(home.root)) return
    const lock = lockOf(home)
    if (lock) locks.set(home.root, lock)
    if (findLeftovers(home).length > 0)
      throw new CliError(
        `services of ${home.root} still run though their supervisor is gone: bun run down ends them`,
      )
  }
  return {
    hold: (home) => {
      if (home !== undefined && existsSync(home.lock)) holdNew(home)
    },
    holdNew,
    release: () => {
      for (const { release } of locks.values()) release()
      locks.clear()
    },
  }
}
