import type { StoreSchema } from '../schema.ts'
import type { Store } from '../store.ts'
import { holderOf, type LeaseDoc } from './lease.ts'
import { type Standing, standingFault, standingOf } from './plan.ts'
import { newestOf, recordOf, type SchemaRecord } from './record.ts'

/** How a store stands to the code. A store without a record is shown as version 0. */
export type Sight = {
  readonly version: number
  readonly newest: number
  readonly standing: Standing
  /** What is wrong and what mends it. */
  readonly advice?: string
  readonly record?: SchemaRecord
  /** Who migrates it at this moment. */
  readonly holder?: LeaseDoc
}

/** Looks without changing a document; services may be using the store. `now` is epoch ms. */
export const lookAt = async (store: Store, schema: StoreSchema, now: number): Promise<Sight> => {
  const record = await recordOf(store)
  const holder = await holderOf(store, now)
  const fault = standingFault(record, schema)
  return {
    version: record?.version ?? 0,
    newest: newestOf(schema),
    standing: standingOf(record, schema),
    ...(fault && { advice: fault.message }),
    ...(record && { record }),
    ...(holder && { holder }),
  }
}
