import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '#common/process/env'
import { mongoFault } from '#common/store/mongo-fault'
import { sqliteStore } from '#common/store/sqlite'
import { schema } from '#services/session-encryptor/store'
import { CliError, EXIT_USAGE } from '../../cli/fail.ts'
import { databaseOptions } from '../../store/endpoint.ts'
import { parseLocation } from '../../store/location.ts'
import { type BuildInfo, serverName } from '../../store/server-name.ts'
import { startDocumentDb } from '../peers/documentdb/documentdb.ts'
import type { Tested } from './store.ts'

/** A store for one run, which is gone after it. */
export type Borrowed = { readonly tested: Tested; readonly giveBack: () => Promise<void> }

/** The embedded driver on a file of its own below `folder`, on the disk under test. */
const borrowSqlite = async (folder: string): Promise<Borrowed> => {
  const root = mkdtempSync(join(folder, 'bench-store-'))
  const store = sqliteStore({ path: join(root, 'store.sqlite') })
  return {
    tested: {
      name: 'bun:sqlite',
      store,
      bytes: async () =>
        (await readdir(root)).reduce((sum, name) => sum + statSync(join(root, name)).size, 0),
    },
    giveBack: async () => {
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
  const names = schema.collections.map(({ name }) => `${OWNER}.${name}`)
  try {
    const info: BuildInfo = await db.admin().command({ buildInfo: 1 })
    const there = await db.listCollections({}, { nameOnly: true }).toArray()
    const taken = there.find(({ name }) => names.includes(name))
    if (taken)
      throw new CliError(`the database holds ${taken.name} already: drop it, or name another database`)
    const store = mongoStore(options)
    return {
      tested: {
        name: serverName(info),
        store,
        bytes: async () => {
          const stats = await db.command({ collStats: `${OWNER}.encryptor_chunks` }).catch(() => undefined)
          const size = Number(stats?.['storageSize']) + Number(stats?.['totalIndexSize'])
          return Number.isFinite(size) && size > 0 ? size : undefined
        },
      },
      giveBack: async () => {
        await store.close()
        for (const name of names) await db.dropCollection(name).catch(() => {}) // some were never made
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
  const root = mkdtempSync(join(folder, 'bench-documentdb-'))
  const clean = () => rmSync(root, { recursive: true, force: true })
  try {
    const peer = await startDocumentDb({ folder: root })
    const stop = async () => {
      await peer.stop()
      clean()
    }
    try {
      const { tested, giveBack } = await borrowMongo(new Secret(peer.url))
      return { tested, giveBack: () => giveBack().finally(stop) }
    } catch (error) {
      await stop()
      throw error
    }
  } catch (error) {
    clean()
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
