import type { StoreSchema } from '../schema.ts'
import type { Store } from '../store.ts'
import { checkSchema } from './check.ts'
import { standingFault } from './plan.ts'
import { type Occasion, settle } from './record.ts'

/**
 * What a service calls before it uses its store. A store that holds nothing is recorded as being at the newest
 * version. Throws Fault invalid `schema-old`, `schema-newer`, `schema-half-migrated`, `schema-differs`, each
 * with the command that mends it, and `bad-schema`.
 */
export const demandSchema = async (store: Store, schema: StoreSchema, occasion: Occasion): Promise<void> => {
  checkSchema(schema)
  const fault = standingFault(await settle(store, schema, occasion), schema)
  if (fault) throw fault
}
