import { Database } from 'bun:sqlite'
import { AsyncLocalStorage } from 'node:async_hooks'
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../fault.ts'
import { fifoLock } from './lock.ts'
import { type Declared, type Shape, shapeOf } from './shape.ts'
import { type Operations, sqliteOperations } from './sqlite-collection.ts'
import { toFault } from './sqlite-fault.ts'
import { ensureTable } from './sqlite-schema.ts'
import { statementsOf } from './sqlite-statements.ts'
import type { Collection, Declaration, Doc, Store } from './store.ts'

/**
 * `path` is a file, or ':memory:' for tests. `maxBytes` caps the file: beyond it every write is a Fault
 * `disk-full`, as on a disk of that size. `busyTimeoutMs` is how long to wait for another process.
 */
export type SqliteOptions = {
  readonly path: string
  readonly maxBytes?: number
  readonly busyTimeoutMs?: number
}

type Table = { readonly declared: string; readonly shape: Shape; readonly operations: Operations }
/** A running transaction; `failure` holds the first failed write, after which nothing of it may be kept. */
type Running = { open: boolean; failure?: { readonly error: unknown }; readonly made: Map<string, Table> }
/** How a call reaches the connection: through the lock, or inside the transaction that holds it. */
type Reach = <R>(work: () => R, effect: 'read' | 'write') => Promise<R>

const PAGE_BYTES = 4096

/** A file that survives losing power needs its folder's entry on disk, not only its bytes. */
const syncFolder = (folder: string) => {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

const openDatabase = ({ path, maxBytes, busyTimeoutMs = 5000 }: SqliteOptions): Database => {
  if (path !== ':memory:') {
    const folder = dirname(path)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
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
  if (maxBytes !== undefined) db.run(`PRAGMA max_page_count = ${Math.ceil(maxBytes / PAGE_BYTES)}`)
  return db
}

const open = (options: SqliteOptions): Database => {
  try {
    return openDatabase(options)
  } catch (error) {
    throw toFault(error, options.path)
  }
}

/**
 * The embedded driver: one SQLite file, one connection, WAL, synchronous FULL. Throws Fault unavailable
 * (`disk-error`, `disk-full`, `store-busy`) when the file cannot be opened.
 */
export const sqliteStore = (options: SqliteOptions): Store => {
  const db = open(options)
  const prepared = statementsOf(db)
  const lock = fifoLock()
  const inside = new AsyncLocalStorage<Running>()
  const tables = new Map<string, Table>()
  let closed = false

  const collectionBy = <T extends Doc>(
    declaration: Declaration<T>,
    reach: Reach,
    made: Map<string, Table>,
  ) => {
    const shape = shapeOf(declaration as Declared)
    const declared = JSON.stringify(declaration)
    const operations = (): Operations => {
      const known = tables.get(shape.name) ?? made.get(shape.name)
      if (known && known.declared !== declared)
        throw new Fault('invalid', 'bad-declaration', `${shape.name} is declared twice, differently`)
      if (known) return known.operations
      if (db.inTransaction) ensureTable(db, shape)
      else db.transaction(() => ensureTable(db, shape)).immediate()
      const table = { declared, shape, operations: sqliteOperations(db, prepared, shape) }
      made.set(shape.name, table)
      return table.operations
    }
    const call =
      (name: keyof Operations, effect: 'read' | 'write') =>
      (...args: readonly unknown[]) =>
        reach(() => {
          try {
            return (operations()[name] as (...args: readonly unknown[]) => unknown)(...args)
          } catch (error) {
            throw toFault(error, shape.name)
          }
        }, effect)
    return {
      get: call('get', 'read'),
      find: call('find', 'read'),
      count: call('count', 'read'),
      insert: call('insert', 'write'),
      insertMany: call('insertMany', 'write'),
      restore: call('restore', 'write'),
      replace: call('replace', 'write'),
      remove: call('remove', 'write'),
      claim: call('claim', 'write'),
    } as unknown as Collection<T>
  }

  const refuseClosed = () => {
    if (closed) throw new Fault('unavailable', 'store-closed', 'the store is closed: the service is stopping')
  }

  /** In line for the connection. From inside a transaction the wait would never end, so it is refused. */
  const inLine = async <R>(work: () => R | Promise<R>): Promise<R> => {
    if (inside.getStore()?.open)
      throw new Fault(
        'invalid',
        'outside-transaction',
        'inside a transaction use only the tx that was handed in',
      )
    return lock(() => {
      refuseClosed()
      return work()
    })
  }

  const txStore = (running: Running): Store => {
    const reach: Reach = async (work, effect) => {
      if (!running.open) throw new Fault('invalid', 'transaction-over', 'this transaction has ended')
      try {
        return work()
      } catch (error) {
        if (effect === 'write') running.failure ??= { error }
        throw error
      }
    }
    return {
      collection: (declaration) => collectionBy(declaration, reach, running.made),
      transaction: () =>
        Promise.reject(new Fault('invalid', 'nested-transaction', 'transactions do not nest')),
      ping: async () => {},
      close: () =>
        Promise.reject(new Fault('invalid', 'outside-transaction', 'a transaction cannot close the store')),
    }
  }

  const transact = async <R>(work: (tx: Store) => Promise<R>): Promise<R> => {
    const running: Running = { open: true, made: new Map() }
    try {
      db.run('BEGIN IMMEDIATE')
      const result = await inside.run(running, () => work(txStore(running)))
      running.open = false
      if (running.failure) throw running.failure.error
      db.run('COMMIT')
      for (const [name, table] of running.made) tables.set(name, table)
      return result
    } catch (error) {
      running.open = false
      // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
      if (db.inTransaction) db.run('ROLLBACK')
      throw toFault(error, 'transaction')
    }
  }

  return {
    collection: (declaration) => collectionBy(declaration, (work) => inLine(work), tables),
    transaction: (work) => inLine(() => transact(work)),
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
