import { MongoClient } from 'mongodb'
import { mongoFault } from '#common/store/mongo-fault'
import { withDatabase } from './mongo-url.ts'
import { type BuildInfo, serverName } from './server-name.ts'

/** Databases that nobody else has, on a server that may have others. */
export type DisposableDatabases = {
  /** What answers there, as results are headed. */ readonly server: string
  /** The URL of one more. */
  readonly fresh: () => string
  /** Removes those that were made. */
  readonly drop: () => Promise<void>
}

/** Throws Fault unavailable as the store does when the server cannot be used. */
export const disposableDatabases = async (url: string, prefix: string): Promise<DisposableDatabases> => {
  const on = async <R>(work: (client: MongoClient) => Promise<R>): Promise<R> => {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
    try {
      return await work(client)
    } catch (error) {
      throw mongoFault(error, 'database')
    } finally {
      await client.close()
    }
  }
  const run = crypto.randomUUID().slice(0, 8)
  const made: string[] = []
  return {
    server: serverName((await on((client) => client.db('admin').command({ buildInfo: 1 }))) as BuildInfo),
    fresh: () => {
      const name = `${prefix}_${run}_${made.length}`
      made.push(name)
      return withDatabase(url, name)
    },
    drop: () =>
      on(async (client) => {
        for (const name of made.splice(0)) await client.db(name).dropDatabase()
      }),
  }
}
