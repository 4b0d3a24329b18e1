import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT_USAGE } from '#common/cli/read-command'
import { Secret } from '#common/process/env'
import { mongoFault } from '#common/store/mongo-fault'
import { sqliteStore } from '#common/store/sqlite'
import { CliError } from '../../cli/fail.ts'
import { databaseOptions } from '../../store/endpoint.ts'
import { parseLocation } from '../../store/location.ts'
import { type BuildInfo, serverName } from '../../store/server-name.ts'
import { requireDocumentDb } from '../peers/stores.ts'
import { chunkTable } from './chunk-records.ts'
import type { Tested } from './store.ts'

/** A store for one run, which is gone after it. */
export type Borrowed = { readonly tested: Tested; readonly close: () => Promise<void> }

/** The embedded driver on a file of its own below `folder`, on the disk under test. */
const borrowSqlite = async (folder: string): Promise<Borrowed> => {
  const root = mkdtempSync(join(folder, 'bench-store-'))
  const store = sqliteStore({ path: join(root, 'store.sqlite') })
  return {
    tested: {
      name: 'bun:sqlite',
      store,
      bytes: async () => (await readdir(root)).reduce((sum, name) => sum + statSync(join(root, name)).size, 0),
    },
    close: async () => {
      await store.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Whose collections they are in the database: no service's, so that none can be met. */
const OWNER = 'bench'

/** The MongoDB driver on collections of its own. Throws CliError when they are there, Faults as the driver. */
const borrowMongo = async (secret: Secret): Promise<Borrowed> => {
  const options = databaseOptions(secret, OWNER, process.env)
  const { mongoStore } = await import('#common/store/mongo')
  const { mongoConnection } = await import('#common/store/mongo-connection')
  const { client, db } = mongoConnection(options)
  const chunks = `${OWNER}.${chunkTable.name}`
  try {
    const info: BuildInfo = await db.admin().command({ buildInfo: 1 })
    const there = await db.listCollections({}, { nameOnly: true }).toArray()
    if (there.some(({ name }) => name === chunks))
      throw new CliError(`the database holds ${chunks} already: drop it, or name another database`)
    const store = mongoStore(options)
    return {
      tested: {
        name: serverName(info),
        store,
        bytes: async () => {
          const stats = await db.command({ collStats: chunks }).catch(() => undefined)
          const size = Number(stats?.['storageSize']) + Number(stats?.['totalIndexSize'])
          return Number.isFinite(size) && size > 0 ? size : undefined
        },
      },
      close: async () => {
        await store.close()
        await db.dropCollection(chunks).catch(() => {}) // it may never have been made
        await client.close()
      },
    }
  } catch (error) {
    await client.close()
    throw mongoFault(error, 'store')
  }
}

/** The MongoDB driver against a DocumentDB engine that is started for it and ends with it. */
const borrowDocumentDb = async (folder: string): Promise<Borrowed> => {
  const server = await (await requireDocumentDb()).start(folder)
  try {
    const { tested, close } = await borrowMongo(new Secret(server.fresh()))
    return { tested, close: () => close().finally(server.stop) }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** What `--store` names. Throws CliError for anything else, and Faults as the drivers. */
export const borrow = async (what: string, folder: string): Promise<Borrowed> => {
  if (what === 'sqlite') return borrowSqlite(folder)
  if (what === 'documentdb') return borrowDocumentDb(folder)
  const parsed = parseLocation(what)
  if ('mistake' in parsed || parsed.location.kind !== 'mongodb')
    throw new CliError('--store takes sqlite, documentdb or a mongodb:// URL', { exitCode: EXIT_USAGE })
  return borrowMongo(parsed.location.url)
}
