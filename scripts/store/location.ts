import { realpathSync } from 'node:fs'
import type { Secret } from '#common/process/env'
import type { MongoOptions } from '#common/store/mongo-connection'
import { mongoOptions } from '#common/store/open'
import { sqliteStore } from '#common/store/sqlite'
import type { Home } from '../platform/home.ts'
import { type End, type Layout, layoutAt } from './layout.ts'
import { type StoreOptions, storeEnv } from './open.ts'
import type { PageLimits } from './reader.ts'
import type { Side } from './side.ts'
import { sqliteReader } from './sqlite-reader.ts'
import type { Location } from './store-location.ts'

export type LocationOptions = {
  readonly end: End
  readonly services: readonly string[]
  /** The one service that is asked for; a location may then be its file. */
  readonly only?: string | undefined
  /** The environment of the command. */
  readonly ambient: StoreOptions['ambient']
  readonly limits?: PageLimits
}

/** A location that can be opened. `home` must not be running meanwhile; `same` is equal for equal places. */
export type Opened = Side & { readonly home?: Home | undefined; readonly same: (service: string) => string }

const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const sqliteSide = (shown: string, { file, home }: Layout, limits: PageLimits | undefined): Opened => ({
  shown,
  home,
  same: (service) => real(file(service)),
  read: async (service) => sqliteReader(file(service), limits),
  write: async (service) => sqliteStore({ path: file(service) }),
})

/** A batch of eight MiB has to be with a majority within this time, ms. */
const TIMEOUT = 60_000

/** How to reach a database: what its URL leaves open is taken from the MONGO_ keys. Throws CliError. */
export const reachBy =
  (url: Secret, ambient: StoreOptions['ambient']) =>
  (owner: string): MongoOptions => {
    const { timeoutMs = 0, ...options } = mongoOptions(owner, { ...storeEnv(ambient), MONGO_URL: url }) ?? {
      url: url.reveal(),
      owner,
    }
    return { ...options, timeoutMs: Math.max(timeoutMs, TIMEOUT) }
  }

const mongoSide = (
  { url, shown }: Extract<Location, { kind: 'mongodb' }>,
  { ambient, limits }: LocationOptions,
): Opened => {
  const optionsOf = reachBy(url, ambient)
  return {
    shown,
    same: (service) => `${shown} ${service}`,
    // The driver is loaded where it is used: it costs a copy between files a quarter of a second.
    read: async (service) => (await import('./mongo-reader.ts')).mongoReader(optionsOf(service), limits),
    write: async (service) => {
      const { mongoStore } = await import('#common/store/mongo')
      const store = mongoStore(optionsOf(service))
      await store.ping().catch(async (error) => {
        await store.close()
        throw error
      })
      return store
    },
  }
}

/** Finds what is at a location; nothing is opened or made yet. Throws CliError. */
export const openLocation = (location: Location, options: LocationOptions): Opened =>
  location.kind === 'sqlite'
    ? sqliteSide(location.shown, layoutAt(location.path, options), options.limits)
    : mongoSide(location, options)
