import type { Database } from 'bun:sqlite'
import type { Shape } from './shape.ts'
import { tableOf } from './sqlite-sql.ts'

/** Writes a collection anew into zeroed pages, so that no copy of an earlier row is left; secrets are few. */
const rewriteTable = (db: Database, shape: Shape): void => {
  const table = tableOf(shape)
  using read = db.prepare(`SELECT * FROM ${table} ORDER BY id`)
  const rows = read.values() as (string | number | null)[][]
  db.run(`DELETE FROM ${table}`)
  for (const row of rows) db.run(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`, row)
}

/**
 * Takes what was removed out of the files. SQLite zeroes a removed row in its page (`secure_delete`), but older
 * pages stay in the write-ahead log until that is written over, and a row that was once moved to another page
 * leaves a copy in the unused part of the first (sqlite.org/fileformat2.html: "unallocated region").
 */
export type Forgetting = {
  /** Documents of this collection are gone, or may once have been: call it in the transaction that removes them. */
  readonly forget: (shape: Shape) => void
  /** Empties the log when that is owed. While another process reads the file it stays owed: nobody waits for it. */
  readonly settle: () => void
}

/** Owed from the start: a process that was killed may have left a log. `busyTimeoutMs` is restored after each try. */
export const forgetting = (db: Database, busyTimeoutMs: number): Forgetting => {
  let isOwed = true
  return {
    forget: (shape) => {
      if (shape.secret !== false) rewriteTable(db, shape)
      isOwed = true
    },
    settle: () => {
      if (!isOwed || db.inTransaction) return
      db.run('PRAGMA busy_timeout = 0')
      try {
        using checkpoint = db.prepare<{ readonly busy: number }, []>('PRAGMA wal_checkpoint(TRUNCATE)')
        isOwed = checkpoint.get()?.busy !== 0
      } catch {
        // A full or broken disk: the removal itself is durable, and the next call tries again.
      } finally {
        db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
      }
    },
  }
}
