import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'
import { live } from '../../cli/run.ts'
import { takeLock } from '../../platform/lock.ts'
import type { Absent } from './processes.ts'

/** Where test dependencies are kept between runs: LUCID_PEERS, or the user's cache. */
export const peersFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LUCID_PEERS'] || join(homedir(), '.cache', 'lucid-peers')

/** Makes it beside its place and renames it, so that a half-made one is never found. Only under the lock. */
const makeAndPlace = async (
  peers: string,
  name: string,
  make: (folder: string) => Promise<Absent | undefined>,
): Promise<Absent | undefined> => {
  for (const left of readdirSync(peers))
    if (left.startsWith(`${name}.new-`)) rmSync(join(peers, left), { recursive: true, force: true })
  const half = mkdtempSync(join(peers, `${name}.new-`))
  try {
    const absent = await make(half)
    if (absent) return absent
    await live(['sync', '-f', half]) // a power cut must not leave one with holes under the final name
    renameSync(half, join(peers, name))
    return undefined
  } catch (error) {
    return { absent: `${name} could not be made: ${errorMessage(error)}` }
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/**
 * A folder of that name that is made once a machine and found again after that; a lock holds across processes, so
 * those that want it meanwhile wait. `make` fills the empty folder it is given and says why when it cannot.
 */
export const makeOnce = async (
  name: string,
  make: (folder: string) => Promise<Absent | undefined>,
): Promise<{ readonly folder: string } | Absent> => {
  const peers = peersFolder(process.env)
  const folder = join(peers, name)
  try {
    mkdirSync(peers, { recursive: true })
    for (;;) {
      if (existsSync(folder)) return { folder }
      const lock = takeLock({ lock: `${folder}.lock` })
      try {
        if (lock !== undefined && !existsSync(folder)) {
          const absent = await makeAndPlace(peers, name, make)
          if (absent) return absent
        }
      } finally {
        lock?.release()
      }
      if (lock === undefined) await Bun.sleep(200) // somebody makes it; then it is there, or ours to try
    }
  } catch (error) {
    return { absent: `nothing can be kept in ${peers}: ${errorMessage(error)}` }
  }
}
