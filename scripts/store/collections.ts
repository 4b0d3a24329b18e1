import type { Declared } from '#common/store/shape'
import { loadStoreSchemas } from './schemas.ts'
import { OWN } from './store-copy.ts'

/** What is copied of one service. */
export type Wanted = { readonly service: string; readonly collections: readonly Declared[] }

/** The record of migrations: searched by id alone. */
const schemaRecord: Declared = { name: OWN.schema, fields: {} }

/**
 * What services keep, the record of migrations last of each: a target in which it is missing is known by that
 * to be unfinished.
 */
export const wantedOf = async (services: readonly string[]): Promise<readonly Wanted[]> =>
  Object.entries(await loadStoreSchemas(services)).map(([service, { collections }]) => ({
    service,
    collections: [...collections, schemaRecord],
  }))

/** The same of one service. */
export const collectionsOf = async (service: string): Promise<readonly Declared[]> =>
  (await wantedOf([service])).flatMap(({ collections }) => collections)
