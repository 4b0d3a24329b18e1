import { Database } from 'bun:sqlite'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder } from '../process/sync-folder.ts'
import { closedStore, declaredTwice } from './faults.ts'
import { fifoLock } from './lock.ts'
import { collectionFrom, type Effect } from './operations.ts'
import { type Declared, parseDeclaration } from './shape.ts'
import { type Operations, sqliteOperations } from './sqlite-collection.ts'
import { sqliteFault } from './sqlite-fault.ts'
import { type Forgetting, forgetting } from './sqlite-forget.ts'
import { ensureTable } from './sqlite-schema.ts'
import { cacheStatements, type Statements } from './sqlite-statements.ts'
import type { Collection, Doc, Store } from './store.ts'
import { type Running, type TransactionRules, transactionRules } from './transaction-rules.ts'

/** `path` is a file or ':memory:'. `maxBytes`: beyond it every write is a Fault `disk-full`. */
export type SqliteOptions = { readonly path: string; readonly maxBytes?: number; readonly busyTimeoutMs?: number }

type Table = { readonly declared: string; readonly operations: Operations }
/** How a call reaches the connection: through the lock, or inside the transaction that holds it. */
type Reach = <R>(effect: Effect, work: () => R | Promise<R>) => Promise<R>

const PAGE_BYTES = 4096
const BUSY_TIMEOUT_MS = 5000

const openDatabase = ({ path, maxBytes, busyTimeoutMs = BUSY_TIMEOUT_MS }: SqliteOptions): Database => {
  if (path !== ':memory:') {
    const folder = dirname(path)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    // A file that survives losing power needs its folder's entry on disk, not only its bytes.
    syncFolder(folder)
    syncFolder(dirname(folder))
  }
  const db = new Database(path, { create: true, strict: true })
  db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
  db.run(`PRAGMA page_size = ${PAGE_BYTES}`)
  db.run('PRAGMA journal_mode = WAL')
  // NORMAL would lose acknowledged commits when the power fails: FULL syncs the WAL at each commit.
  db.run('PRAGMA synchronous = FULL')
  db.run('PRAGMA secure_delete = ON')
  // What a transaction sets aside for a rollback is never a file.
  db.run('PRAGMA temp_store = MEMORY')
  if (maxBytes !== undefined) db.run(`PRAGMA max_page_count = ${Math.ceil(maxBytes / PAGE_BYTES)}`)
  return db
}

const open = (options: SqliteOptions): Database => {
  try {
    return openDatabase(options)
  } catch (error) {
    throw sqliteFault(error, options.path)
  }
}

type Parts = {
  readonly db: Database
  readonly prepared: Statements
  readonly rules: TransactionRules
  readonly forgotten: Forgetting
  readonly tables: Map<string, Table>
}

/** True when another release declared the table since: no statement ran, so it can be made and asked again. */
const isOtherTable = (error: unknown): boolean =>
  error instanceof Error && /^(?:no such column: f_|table c_\w+ has no column named f_)/.test(error.message)

/** `made` takes the tables that are made through this collection: those of a transaction may be rolled back. */
const openCollection = (
  { db, prepared, forgotten, tables }: Parts,
  declaration: Declared,
  reach: Reach,
  made: Map<string, Table>,
): Collection<Doc> => {
  const shape = parseDeclaration(declaration)
  const declared = JSON.stringify(declaration)
  const operations = (): Operations => {
    const present = tables.get(shape.name) ?? made.get(shape.name)
    if (present && present.declared !== declared) throw declaredTwice(shape)
    if (present) return present.operations
    const ensure = () => {
      ensureTable(db, shape)
      // Releases before this one did not do so when they removed.
      if (shape.secret === 'always') forgotten.forget(shape)
    }
    if (db.inTransaction) ensure()
    else db.transaction(ensure).immediate()
    const table = { declared, operations: sqliteOperations(db, prepared, shape, forgotten.forget) }
    made.set(shape.name, table)
    return table.operations
  }
  return collectionFrom((name, effect, args) =>
    reach(effect, () => {
      const call = () => (operations()[name] as (...args: readonly unknown[]) => unknown)(...args)
      try {
        try {
          return call()
        } catch (error) {
          if (!isOtherTable(error)) throw error
          tables.delete(shape.name)
          made.delete(shape.name)
          return call()
        }
      } catch (error) {
        throw sqliteFault(error, shape.name)
      }
    }),
  )
}

const transact = async <R>(parts: Parts, work: (tx: Store) => Promise<R>): Promise<R> => {
  const { db, rules, tables } = parts
  const running: Running = { open: true }
  const made = new Map<string, Table>()
  const inside: Reach = (effect, call) => rules.call(running, effect, call)
  const tx = rules.store((declaration) => openCollection(parts, declaration, inside, made))
  try {
    db.run('BEGIN IMMEDIATE')
    const result = await rules.run(running, () => work(tx))
    db.run('COMMIT')
    for (const [name, table] of made) tables.set(name, table)
    return result
  } catch (error) {
    // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
    if (db.inTransaction) db.run('ROLLBACK')
    throw sqliteFault(error, 'transaction')
  }
}

/** The embedded driver: one SQLite file, one connection, WAL, synchronous FULL. Throws Fault unavailable. */
export const sqliteStore = (options: SqliteOptions): Store => {
  const db = open(options)
  const prepared = cacheStatements(db)
  const lock = fifoLock()
  const rules = transactionRules()
  const tables = new Map<string, Table>()
  const forgotten = forgetting(db, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS)
  forgotten.settle()
  const parts = { db, prepared, rules, forgotten, tables }
  let closed = false

  /** In line for the connection. From inside a transaction the wait would never end, so it is refused. */
  const inLine = async <R>(work: () => R | Promise<R>): Promise<R> => {
    rules.requireOutside()
    return lock(async () => {
      if (closed) throw closedStore()
      const result = await work()
      if (!closed) forgotten.settle()
      return result
    })
  }

  return {
    collection: ((declaration: Declared) =>
      openCollection(parts, declaration, (_effect, call) => inLine(call), tables)) as unknown as Store['collection'],
    transaction: (work) => inLine(() => transact(parts, work)),
    ping: () =>
      inLine(() => {
        prepared('SELECT 0 AS rev, 1 AS body').get()
      }),
    close: async () => {
      await inLine(() => {
        closed = true
        prepared.finalize()
        db.close()
      }).catch((error) => {
        if (!closed) throw error
      })
    },
  }
}
