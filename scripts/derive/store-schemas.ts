import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { catalog, type Entry } from '#catalog'
import { withAudit } from '#common/audit/collections'
import { reservedCollections } from '#common/store/migrations/check'
import type { StoreSchema } from '#common/store/schema'
import { CliError } from '../cli/fail.ts'

const root = join(import.meta.dir, '..', '..')

/** What each service keeps, by its name, in the order of the catalogue. */
export type Schemas = Readonly<Record<string, StoreSchema>>

/** The services that have a store, in the order of the catalogue. */
export const storeServices = (services: Readonly<Record<string, Entry>> = catalog): readonly string[] =>
  Object.entries(services)
    .filter(([, { store }]) => store)
    .map(([name]) => name)

/** The `schema` of a service's store.ts with its audit stream, or undefined when it has none. */
export const loadStoreSchema = async (service: string): Promise<StoreSchema | undefined> => {
  const path = join(root, 'services', service, 'store.ts')
  if (!existsSync(path)) return undefined
  // The import rules keep a store.ts free of side effects; schema.ts is the type it exports its schema as.
  const { schema } = (await import(path)) as { readonly schema?: StoreSchema }
  return schema && withAudit(schema)
}

/** The names of all collections that services have, those of the migrations too. Throws as `loadStoreSchemas`. */
export const loadCollectionNames = async (
  names: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> =>
  Object.fromEntries(
    Object.entries(await loadStoreSchemas(names)).map(([name, { collections }]) => [
      name,
      [...collections.map((one) => one.name), ...reservedCollections],
    ]),
  )

/** The schemas of services. Throws CliError when one has none. */
export const loadStoreSchemas = async (names: readonly string[]): Promise<Schemas> => {
  const loaded = names.map(async (name) => {
    const schema = await loadStoreSchema(name)
    if (schema === undefined) throw new CliError(`services/${name}/store.ts exports no schema`)
    return [name, schema] as const
  })
  return Object.fromEntries(await Promise.all(loaded))
}
