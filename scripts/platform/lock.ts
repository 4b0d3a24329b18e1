import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '#common/process/error'
import { makePrivateFolder } from './files.ts'
import type { Home } from './home.ts'

/** Held while a supervisor lives; the operating system lets go of it when the process ends, however it ends. */
export type Lock = { readonly release: () => void }

const isBusy = (error: unknown): boolean => errorCode(error).startsWith('SQLITE_BUSY')

/**
 * Takes the state folder, or undefined when a supervisor has it. An exclusive SQLite transaction that writes
 * nothing: a file lock of the system that works alike on Linux, macOS and Windows, needs no process id to
 * be believed and cannot be left behind by a crash. `patienceMs` outwaits those who only look (`isHeld`).
 */
export const takeLock = (
  home: Pick<Home, 'lock'>,
  { patienceMs = 0 }: { readonly patienceMs?: number } = {},
): Lock | undefined => {
  makePrivateFolder(dirname(home.lock))
  const database = new Database(home.lock, { create: true })
  try {
    database.run(`PRAGMA busy_timeout = ${Math.trunc(patienceMs)}`)
    database.run('BEGIN EXCLUSIVE')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw error
  }
}

/** True while a supervisor has the state folder. */
export const isLocked = (home: Home): boolean => {
  if (!existsSync(home.lock)) return false
  const lock = takeLock(home)
  lock?.release()
  return lock === undefined
}
