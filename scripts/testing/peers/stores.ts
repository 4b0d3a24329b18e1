import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { type Ambient, withStore } from '../../platform/store-env.ts'
import { disposableDatabases } from '../../store/disposable-databases.ts'
import { documentDbRoot, startDocumentDb } from './documentdb/documentdb.ts'

/** Where tests and benchmarks keep documents: the embedded store, DocumentDB, or the MONGO_URL that was given. */

/** Where `bun run check` hands on the MONGO_URL it was given: services of other tests must not use that. */
const TEST_URL = 'LUCID_TEST_MONGO_URL'

/** A database that may be killed: `start` brings it back on the same port and data. */
export type Killable = { readonly kill: () => Promise<void>; readonly start: () => Promise<void> }

/** A server for the MongoDB driver, with as many empty databases as are wanted. */
export type MongoServer = {
  /** What it is, as reports say. */
  readonly name: string
  /** The URL of a database that nobody else has, removed at `stop`. */
  readonly fresh: () => string
  /** The server itself, where it is ours to kill. */
  readonly database?: Killable
  readonly stop: () => Promise<void>
}

/** A kind of server; what it keeps lies in a new folder below `folder`. */
export type ServerKind = { readonly name: string; readonly start: (folder?: string) => Promise<MongoServer> }
export type AbsentKind = { readonly name: string; readonly absent: string }

const documentDbName = 'MongoDB driver against DocumentDB'

/** A durable DocumentDB engine of its own, or why there is none. */
export const documentDbKind = async (): Promise<ServerKind | AbsentKind> => {
  const root = await documentDbRoot()
  if ('absent' in root) return { name: documentDbName, absent: root.absent }
  return {
    name: documentDbName,
    start: async (folder = tmpdir()) => {
      const data = mkdtempSync(join(folder, 'lucid-mongo-'))
      const database = await startDocumentDb({ folder: data })
      const { fresh } = await disposableDatabases(database.url, 'lucid_test')
      const stop = async () => {
        await database.stop()
        rmSync(data, { recursive: true, force: true })
      }
      return { name: documentDbName, fresh, database, stop }
    },
  }
}

/** Databases of its own on the server at `url`, dropped at the end. */
const serverKind = (url: string): ServerKind => ({
  name: 'MongoDB driver against MONGO_URL',
  start: async () => {
    const { server, fresh, drop } = await disposableDatabases(url, 'lucid_test')
    return { name: server, fresh, stop: drop }
  },
})

/** All servers the driver is tested against, and those that this machine does not have. */
export const serverKinds = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly (ServerKind | AbsentKind)[]> => {
  const url = env[TEST_URL]
  return [
    await documentDbKind(),
    url === undefined
      ? { name: 'MongoDB driver against MongoDB', absent: 'no MONGO_URL was given to bun run check' }
      : serverKind(url),
  ]
}

/** Where a platform under test keeps its documents, for one run. */
export type TestStore = {
  readonly name: string
  readonly ambient: Ambient
  readonly database?: Killable
  readonly close: () => Promise<void>
}

/** A kind of store; what it keeps lies in a new folder below `folder`. */
export type StoreKind = { readonly name: string; readonly open: (folder: string) => Promise<TestStore> }

/** Each service its own file. */
export const sqliteKind = (ambient: Ambient): StoreKind => {
  const name = 'bun:sqlite'
  const store = { name, ambient: withStore(ambient, undefined), close: async () => {} }
  return { name, open: async () => store }
}

/** A database on a server of that kind. */
export const storeOn = (kind: ServerKind, ambient: Ambient): StoreKind => ({
  name: kind.name,
  open: async (folder) => {
    const { name, fresh, database, stop } = await kind.start(folder)
    return { name, ambient: withStore(ambient, fresh()), close: stop, ...(database && { database }) }
  },
})

/** `sqlite`, `documentdb` or the URL of a server. Throws CliError or Fault when it cannot be had. */
export const openStore = async (what: string, ambient: Ambient, folder: string): Promise<TestStore> => {
  if (what === 'sqlite') return sqliteKind(ambient).open(folder)
  const kind = what === 'documentdb' ? await documentDbKind() : serverKind(what)
  if ('absent' in kind) throw new CliError(`no DocumentDB on this machine: ${kind.absent}`)
  return storeOn(kind, ambient).open(folder)
}
