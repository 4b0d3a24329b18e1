import { join } from 'node:path'
import { catalog, type Entry, type ServiceName } from '#catalog'
import type { StoreSchema } from '#common/store/schema'
import type { Declared } from '#common/store/shape'
import { OWN } from '../plan/store-copy.ts'
import { repository } from '../platform/home.ts'

/** The services that keep documents, in the order of the catalogue. */
export const storeServices: readonly ServiceName[] = Object.entries(catalog).flatMap(
  ([name, { store }]: [string, Entry]) => (store ? [name as ServiceName] : []), // a key of the catalogue
)

/** The record of migrations: searched by id alone. */
const schemaRecord: Declared = { name: OWN.schema, fields: {} }

/**
 * What a service keeps, its record of migrations last: a target in which it is missing is known by that to be
 * unfinished. Read from the service's own `store.ts`, so that a new service needs no entry here.
 */
export const collectionsOf = async (service: string): Promise<readonly Declared[]> => {
  const module: { readonly schema: StoreSchema } = await import(
    join(repository, 'services', service, 'store.ts')
  )
  return [...module.schema.collections, schemaRecord]
}
