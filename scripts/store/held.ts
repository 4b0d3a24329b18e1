import { existsSync } from 'node:fs'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { takeLock } from '../platform/lock.ts'

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')

/** The lock, or undefined where nothing can be locked because nothing can be written: nobody can start there. */
const lockOf = (home: Home) => {
  try {
    const lock = takeLock(home, { patienceMs: 500 })
    if (lock !== undefined) return lock
  } catch (error) {
    if (/^(SQLITE_(CANTOPEN|READONLY)|EROFS|EACCES)/.test(codeOf(error))) return undefined
    throw error
  }
  throw new CliError(
    `a platform runs in ${home.root}: stop it first (bun run down), its stores must not change`,
  )
}

/**
 * Keeps platforms from running in these state folders while `work` does. A folder in which none ever ran is
 * left untouched unless `make` says so. Throws CliError when one runs.
 */
export const whileStopped = async <R>(
  homes: readonly { readonly home: Home | undefined; readonly make: boolean }[],
  work: () => Promise<R>,
): Promise<R> => {
  const locks = new Map<string, { readonly release: () => void }>()
  try {
    for (const { home, make } of homes) {
      if (home === undefined || locks.has(home.root) || !(make || existsSync(home.lock))) continue
      const lock = lockOf(home)
      if (lock) locks.set(home.root, lock)
    }
    return await work()
  } finally {
    for (const { release } of locks.values()) release()
  }
}
