import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFault } from '#common/process/fault'
import { syncFolder } from '#common/process/sync-folder'

/** Keys destroyed for good, as empty files beside the store, which a restore carries over (common/backup/marks). */
export type Erasures = {
  /** Resolves when the mark is durable; before that no key is destroyed. */
  readonly mark: (session: string) => void
  /** Destroys again what a restore brought back; answers how many that were. */
  readonly repeat: (erase: (session: string) => Promise<boolean>) => Promise<number>
}

export const erasures = (folder: string): Erasures => ({
  mark: (session) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    syncFolder(join(folder, '..'))
    writeFileSync(join(folder, session), '', { mode: 0o600 })
    syncFolder(folder)
  },
  repeat: async (erase) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    let repeated = 0
    for (const session of readdirSync(folder)) {
      const wasThere = await erase(session).catch((error: unknown) => {
        if (isFault(error, 'no-such-session')) return false
        throw error
      })
      if (wasThere) repeated += 1
    }
    return repeated
  },
})
