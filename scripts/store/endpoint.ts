import { realpathSync } from 'node:fs'
import type { Secret } from '#common/process/env'
import type { MongoOptions } from '#common/store/mongo-connection'
import { mongoOptions } from '#common/store/open'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import type { Home } from '../platform/home.ts'
import { type End, findLayout, type Layout } from './layout.ts'
import type { Location } from './location.ts'
import { type StoreOptions, storeEnv } from './open.ts'
import type { PageLimits, Reader } from './reader.ts'

/** One end of a copy: the stores of all services in one place. */
export type Endpoint = {
  readonly shown: string
  /** The state folder it is in, which must not be running meanwhile. */
  readonly home?: Home | undefined
  /** Equal for equal places. */
  readonly identify: (service: string) => string
  readonly read: (service: string) => Promise<Reader>
  readonly write: (service: string) => Promise<Store>
}

export type Endpoints = { readonly from: Endpoint; readonly to: Endpoint }

export type EndpointOptions = {
  readonly end: End
  readonly services: readonly string[]
  /** The one service that is asked for; a location may then be its file. */
  readonly only?: string | undefined
  readonly ambient: StoreOptions['ambient']
  readonly limits?: PageLimits
}

const resolveLinks = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const sqliteEndpoint = (shown: string, { file, home }: Layout, limits: PageLimits | undefined): Endpoint => ({
  shown,
  home,
  identify: (service) => resolveLinks(file(service)),
  // Loaded where it is used, as the other one.
  read: async (service) => (await import('./sqlite-reader.ts')).sqliteReader(file(service), limits),
  write: async (service) => sqliteStore({ path: file(service) }),
})

/** A batch of eight MiB has to be with a majority within this time, ms. */
const TIMEOUT = 60_000

/** How to reach the collections of a service: what the URL leaves open is taken from the MONGO_ keys. Throws CliError. */
export const databaseOptions = (url: Secret, owner: string, ambient: StoreOptions['ambient']): MongoOptions => {
  const options = mongoOptions(owner, url, storeEnv(ambient))
  return { ...options, timeoutMs: Math.max(options.timeoutMs ?? 0, TIMEOUT) }
}

const mongoEndpoint = (
  { url, shown }: Extract<Location, { kind: 'mongodb' }>,
  { ambient, limits }: EndpointOptions,
): Endpoint => ({
  shown,
  identify: (service) => `${shown} ${service}`,
  // The driver is loaded where it is used: it costs a copy between files a quarter of a second.
  read: async (service) =>
    (await import('./mongo-reader.ts')).mongoReader(databaseOptions(url, service, ambient), limits),
  write: async (service) => {
    const { mongoStore } = await import('#common/store/mongo')
    const store = mongoStore(databaseOptions(url, service, ambient))
    await store.ping().catch(async (error) => {
      await store.close()
      throw error
    })
    return store
  },
})

/** Finds what is at a location; nothing is opened or made yet. Throws CliError. */
export const findEndpoint = (location: Location, options: EndpointOptions): Endpoint =>
  location.kind === 'sqlite'
    ? sqliteEndpoint(location.shown, findLayout(location.path, options), options.limits)
    : mongoEndpoint(location, options)
