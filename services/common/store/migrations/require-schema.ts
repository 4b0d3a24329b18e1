import { Fault } from '../../process/fault.ts'
import type { StoreSchema } from '../schema.ts'
import type { Declaration, Store } from '../store.ts'
import { checkSchema } from './check.ts'
import { requireCurrent } from './plan.ts'
import { settleRecord, type Writer } from './record.ts'

/** What `bun run store copy` notes of each collection that it brings into a store. */
const copies: Declaration<{ readonly id: string; readonly done: boolean }> = { name: 'copies', fields: {} }

/** A service on a part of its documents would go on from it, and neither part could be put right again. */
const requireWhole = async (store: Store): Promise<void> => {
  const missing = (await store.collection(copies).find()).filter(({ done }) => !done).map(({ id }) => id)
  if (missing.length > 0)
    throw new Fault(
      'invalid',
      'schema-half-copied',
      `these collections are not here yet: ${missing.join(', ')}; give the same bun run store copy again to its end`,
    )
}

/**
 * What a service calls before it uses its store. A store that holds nothing is recorded as being at the newest
 * version. Throws Fault invalid `schema-old`, `schema-newer`, `schema-half-migrated`, `schema-differs`, each
 * with the command that repairs it, `schema-half-copied`, and `bad-schema`.
 */
export const requireSchema = async (store: Store, schema: StoreSchema, writer: Writer): Promise<void> => {
  checkSchema(schema)
  await requireWhole(store)
  requireCurrent(await settleRecord(store, schema, writer), schema)
}
