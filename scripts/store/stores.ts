import { isFault } from '#common/process/fault'
import { lookAt } from '#common/store/migrations/look'
import type { StoreSchema } from '#common/store/schema'
import type { Store } from '#common/store/store'
import { CliError, errorLine } from '../cli/fail.ts'
import { openServiceStore, type StoreOptions } from './open.ts'
import { absentRow, rowOf, type StoreRow, unreadableRow } from './rows.ts'
import type { Schemas } from './schemas.ts'

/** One row of a service's store as it is now; services may be using it. `now` is epoch ms. */
const look = async (
  service: string,
  schema: StoreSchema,
  options: StoreOptions,
  now: number,
): Promise<StoreRow> => {
  try {
    const store = await openServiceStore(service, options)
    if (store === undefined) return absentRow(service, schema)
    try {
      return rowOf(service, schema, await lookAt(store, schema, now))
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!isFault(error)) throw error
    return unreadableRow(service, schema, error.message)
  }
}

/** A row for each store, in the order of the schemas. */
export const lookAtAll = async (
  schemas: Schemas,
  options: StoreOptions,
  now: number,
): Promise<readonly StoreRow[]> => {
  const rows: StoreRow[] = []
  for (const [service, schema] of Object.entries(schemas))
    rows.push(await look(service, schema, options, now))
  return rows
}

/** Says of which service an expected failure is. */
export const naming = <R>(service: string, work: Promise<R>): Promise<R> =>
  work.catch((error) => {
    throw isFault(error) ? new CliError(`${service}: ${errorLine(error)}`, { cause: error }) : error
  })

/** Those of the services whose store is there. */
export const present = async (
  schemas: Schemas,
  options: StoreOptions,
): Promise<readonly (readonly [string, StoreSchema])[]> => {
  const found: (readonly [string, StoreSchema])[] = []
  for (const [service, schema] of Object.entries(schemas)) {
    const store = await naming(service, openServiceStore(service, options))
    await store?.close()
    if (store) found.push([service, schema])
  }
  return found
}

/** Opens a store that was seen to be there. Throws CliError when it is gone. */
export const reopen = (service: string, options: StoreOptions) => async (): Promise<Store> => {
  const store = await openServiceStore(service, options)
  if (store === undefined) throw new CliError(`the store of ${service} was there a moment ago and is gone`)
  return store
}
