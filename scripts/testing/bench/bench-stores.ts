import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '#common/process/env'
import { sqliteStore } from '#common/store/sqlite'
import { databaseOptions } from '../../store/endpoint.ts'
import { openStore } from '../peers/stores.ts'
import { chunkTable } from './chunk-records.ts'
import { inFolder } from './folder.ts'
import type { Tested } from './store.ts'

/** Whose collections they are in the database: no service's. */
const OWNER = 'bench'

/** The embedded driver on a file below `folder`, on the disk under test. */
const openEmbedded = (folder: string): Omit<Tested, 'name'> => ({
  store: sqliteStore({ path: join(folder, 'store.sqlite') }),
  bytes: async () => (await readdir(folder)).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
})

const openMongo = async (url: string): Promise<Omit<Tested, 'name'>> => {
  const options = databaseOptions(new Secret(url), OWNER, process.env)
  const { mongoStore } = await import('#common/store/mongo')
  const { mongoConnection } = await import('#common/store/mongo-connection')
  return {
    store: mongoStore(options),
    bytes: async () => {
      const { client, db } = mongoConnection(options)
      const asked = db.command({ collStats: `${OWNER}.${chunkTable.name}` })
      const stats = await asked.catch(() => undefined).finally(() => client.close())
      const size = Number(stats?.['storageSize']) + Number(stats?.['totalIndexSize'])
      return Number.isFinite(size) && size > 0 ? size : undefined
    },
  }
}

/** Works with the empty store that `--store` names, which is gone afterwards. Throws CliError or Fault when it cannot be had. */
export const withStore = <R>(what: string, parent: string, work: (tested: Tested) => Promise<R>): Promise<R> =>
  inFolder(parent, 'bench-store-', async (folder) => {
    const { name, ambient, close } = await openStore(what, process.env, folder)
    try {
      const url = ambient['MONGO_URL']
      const tested = { name, ...(url === undefined ? openEmbedded(folder) : await openMongo(url)) }
      return await work(tested).finally(tested.store.close)
    } finally {
      await close()
    }
  })
