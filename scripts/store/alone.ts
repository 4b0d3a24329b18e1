import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'
import { findLeftovers } from '../platform/leftovers.ts'
import { takeLock } from '../platform/lock.ts'

/**
 * Does work while nothing else runs in a state folder, and keeps `bun run up` away until it is done. Throws
 * CliError when the platform runs there, or services that outlived it do.
 */
export const alone = async <R>(home: Home, work: () => Promise<R>): Promise<R> => {
  const lock = takeLock(home, { patienceMs: 300 })
  if (lock === undefined)
    throw new CliError(
      `the platform of ${home.root} is running, and its services use their stores: bun run down stops it`,
    )
  try {
    if (findLeftovers(home).length > 0)
      throw new CliError(
        `services of ${home.root} still run though their supervisor is gone, and use their stores: bun run down ends them`,
      )
    return await work()
  } finally {
    lock.release()
  }
}
