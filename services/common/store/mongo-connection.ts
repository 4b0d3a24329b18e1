import { type Db, type DbOptions, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb'
import { Fault } from '../process/fault.ts'
import './mongo-closing.ts'

/** Collections are `owner.name` in the URL's database, else `lucid`. `auth`: where the URL has none. PEM keys, ms. */
export type MongoOptions = {
  readonly url: string
  readonly owner: string
  readonly auth?: { readonly username: string; readonly password: string } | undefined
  readonly ca?: string | undefined
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined
  /** Longest wait for an answer, for a primary to appear, and for a transaction with its repetitions. */
  readonly timeoutMs?: number
  readonly poolMax?: number
}

const DATABASE = 'lucid'

/** What the promises of the store rest on. Given again with the database, where no URL can weaken it. */
const durability = (timeoutMs: number) =>
  ({
    readPreference: 'primary',
    readConcern: new ReadConcern('majority'),
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: timeoutMs },
  }) as const satisfies DbOptions

const clientSettings = (
  { owner, url, auth, ca, certificate, poolMax = 10 }: MongoOptions,
  timeoutMs: number,
): MongoClientOptions => {
  const bare = !/^mongodb(?:\+srv)?:\/\/[^/@]*@/.test(url)
  return {
    appName: `lucid/${owner}`,
    retryReads: true,
    retryWrites: true,
    ...durability(timeoutMs),
    serverSelectionTimeoutMS: Math.min(5_000, timeoutMs),
    connectTimeoutMS: Math.min(5_000, timeoutMs),
    socketTimeoutMS: timeoutMs,
    waitQueueTimeoutMS: timeoutMs,
    maxPoolSize: poolMax,
    minPoolSize: 0,
    maxIdleTimeMS: 5 * 60_000,
    ...(auth && bare && { auth }),
    ...(ca !== undefined && { tls: true, ca }),
    ...(certificate && { tls: true, ...certificate }),
  }
}

/** What the driver says of a bad URL may quote it, password and all, so it is not passed on. */
const openClient = (url: string, settings: MongoClientOptions): MongoClient => {
  try {
    return new MongoClient(url, settings)
  } catch {
    throw new Fault(
      'invalid',
      'bad-store-url',
      'MONGO_URL is no connection string of MongoDB: it has to be like mongodb://HOST:27017/lucid?replicaSet=rs0, with special characters of a password percent-encoded',
    )
  }
}

export type MongoConnection = {
  readonly client: MongoClient
  readonly db: Db
  readonly timeoutMs: number
  /**
   * Resolves once the client has been connected, and stays so: from then on the driver finds its servers again by
   * itself. Before that it does not: a client whose first search for a primary failed keeps a closed topology, which
   * only another `connect` replaces. Rejects with the driver's error; the next call connects anew.
   */
  readonly connected: () => Promise<unknown>
}

/** The result of `work`, made once for all who ask; asked for again after it failed. */
const once = <R>(work: () => Promise<R>): (() => Promise<R>) => {
  let made: Promise<R> | undefined
  return () => {
    made ??= work().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}

/** A client with the settings of the store; nothing is connected yet. Throws Fault invalid `bad-store-url`. */
export const mongoConnection = (options: MongoOptions): MongoConnection => {
  const { url, timeoutMs = 10_000 } = options
  const client = openClient(url, clientSettings(options, timeoutMs))
  const named = /^mongodb(?:\+srv)?:\/\/[^/]*\/[^?]/.test(url)
  return {
    client,
    db: client.db(named ? undefined : DATABASE, durability(timeoutMs)),
    timeoutMs,
    connected: once(() => client.connect()),
  }
}
