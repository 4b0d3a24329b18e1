import { constants, Database } from 'bun:sqlite'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { errorCode } from '#common/process/error'
import { Fault } from '#common/process/fault'
import { sqliteFault } from '#common/store/sqlite-fault'
import { cacheStatements } from '#common/store/sqlite-statements'
import { CliError } from '../cli/fail.ts'
import { type Document, emptyReader, PAGE, type PageLimits, type Reader } from './reader.ts'

const MAGIC = 'SQLite format 3\0'

/** Throws CliError unless the file is empty or begins as SQLite files do. */
const requireSqlite = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(MAGIC.length)
    const read = readSync(file, head)
    if (read > 0 && head.toString('latin1') !== MAGIC) throw new CliError(`${path} is no SQLite database`)
  } finally {
    closeSync(file)
  }
}

/** Opens a file read-only. Where its folder cannot be written and no WAL is left, the bytes themselves are read. */
const openForReading = (path: string): Database => {
  requireSqlite(path)
  const opened = new Database(path, { readonly: true, strict: true })
  try {
    opened.run('PRAGMA busy_timeout = 5000')
    opened.query('SELECT count(*) FROM sqlite_schema').get()
    return opened
  } catch (error) {
    opened.close()
    const wal = `${path}-wal`
    const settled = !existsSync(wal) || statSync(wal).size === 0
    if (!settled || !/^SQLITE_(CANTOPEN|READONLY)/.test(errorCode(error))) throw error
    const url = `${Bun.pathToFileURL(path).href}?immutable=1`
    return new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
  }
}

type Row = { readonly id: string; readonly rev: number; readonly body: string }

/** Throws Fault invalid `broken-document`, named as it is kept in that place. */
const parseRow = ({ id, rev, body }: Row, place: string): Document => {
  const broken = (what: string, cause?: unknown) =>
    new Fault('invalid', 'broken-document', `the document ${JSON.stringify(id)} in ${place} ${what}`, { cause })
  let doc: Document
  try {
    doc = { ...JSON.parse(body), rev }
  } catch (cause) {
    throw broken('is no JSON', cause)
  }
  if (doc.id !== id) throw broken('says that it has another id')
  return doc
}

/** Reads a file of the SQLite driver, changing no byte. Throws CliError for another file, Faults as the driver. */
export const sqliteReader = (path: string, limits: PageLimits = PAGE): Reader => {
  if (!existsSync(path)) return emptyReader
  const guarded = <R>(work: () => R): R => {
    try {
      return work()
    } catch (error) {
      throw sqliteFault(error, path)
    }
  }
  const db = guarded(() => openForReading(path))
  const prepared = cacheStatements(db)
  const names = (): readonly string[] =>
    prepared("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'c\\_%' ESCAPE '\\' ORDER BY name")
      .values()
      .map(([name]) => String(name).slice(2))
  /** What is there of a collection: nothing where it was never made. */
  const within = <R>(collection: string, nothing: R, work: (table: string) => R): R =>
    guarded(() => (names().includes(collection) ? work(`"c_${collection}"`) : nothing))

  return {
    page: async (collection, after = '') =>
      within<readonly Document[]>(collection, [], (table) => {
        const rows = prepared(`SELECT id, rev, body FROM ${table} WHERE id > ? ORDER BY id LIMIT ${limits.documents}`)
        const page: Document[] = []
        let bytes = 0
        for (const row of rows.iterate(after) as IterableIterator<Row>) {
          bytes += row.body.length
          if (page.length > 0 && bytes > limits.bytes) break
          page.push(parseRow(row, `${collection} of ${path}`))
        }
        return page
      }),
    count: async (collection) =>
      within(collection, 0, (table) => {
        const [[found = 0] = []] = prepared(`SELECT count(*) FROM ${table}`).values()
        return Number(found)
      }),
    names: async () => guarded(names),
    [Symbol.asyncDispose]: async () => {
      prepared.finalize()
      db.close()
    },
  }
}
