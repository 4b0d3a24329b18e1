import { Database } from 'bun:sqlite'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { errorMessage } from '../process/error.ts'
import { type BytePath, bytesOf } from './path-bytes.ts'

/** What proofs ask of restored files. */
export type ProofFolder = {
  /** The first bytes of a file as latin1 text. */
  readonly beginning: (path: BytePath, length: number) => string
  readonly text: (path: BytePath) => string
  /** Opens an SQLite database, which replays its log, and has it check itself; `ok` is good. */
  readonly integrity: (path: BytePath) => string
}

export const proofFolder = (root: string): ProofFolder => {
  const at = (path: BytePath): Buffer => Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)])
  return {
    beginning: (path, length) => {
      const fd = openSync(at(path), 'r')
      try {
        const bytes = Buffer.alloc(length)
        return bytes.toString('latin1', 0, readSync(fd, bytes, 0, length, 0))
      } finally {
        closeSync(fd)
      }
    },
    text: (path) => readFileSync(at(path), 'utf8'),
    integrity: (path) => {
      try {
        const database = new Database(at(path).toString(), { create: false, readwrite: true })
        try {
          const rows = database.query<{ integrity_check: string }, []>('PRAGMA integrity_check').all()
          database.query('SELECT count(*) FROM sqlite_schema').get()
          return rows.map((row) => row.integrity_check).join('; ')
        } finally {
          database.close()
        }
      } catch (error) {
        return errorMessage(error)
      }
    },
  }
}
