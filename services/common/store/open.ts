import { join } from 'node:path'
import type { Secret, StoreEnv } from '../process/env.ts'
import type { MongoOptions } from './mongo-connection.ts'
import type { Store } from './store.ts'

export type StorePlace = Partial<StoreEnv> & { readonly LUCID_DATA: string }

const readLogin = (username: string | undefined, password: Secret | undefined) =>
  username !== undefined && password !== undefined ? { username, password: password.reveal() } : undefined

/** The database at a URL; what that leaves open is taken from the environment of the service. */
export const mongoOptions = (owner: string, url: Secret, env: Partial<StoreEnv>): MongoOptions => {
  const key = env.MONGO_TLS_KEY?.reveal()
  return {
    url: url.reveal(),
    owner,
    auth: readLogin(env.MONGO_USER, env.MONGO_PASSWORD),
    ca: env.MONGO_TLS_CA,
    certificate: env.MONGO_TLS_CERT !== undefined && key !== undefined ? { cert: env.MONGO_TLS_CERT, key } : undefined,
    ...(env.MONGO_TIMEOUT_MS !== undefined && { timeoutMs: env.MONGO_TIMEOUT_MS }),
    ...(env.MONGO_POOL_MAX !== undefined && { poolMax: env.MONGO_POOL_MAX }),
  }
}

/** The store of a service where its environment says; each driver is loaded when used. Throws Fault as its opening. */
export const storeAt = async (owner: string, env: StorePlace): Promise<Store> => {
  if (env.MONGO_URL !== undefined)
    return (await import('./mongo.ts')).mongoStore(mongoOptions(owner, env.MONGO_URL, env))
  return (await import('./sqlite.ts')).sqliteStore({ path: join(env.LUCID_DATA, 'store.sqlite') })
}
