import type { StoreSchema } from '../store/schema.ts'
import type { Declaration, Store } from '../store/store.ts'
import type { LogEntry } from './entry.ts'
import type { SignedHead } from './head.ts'

type EntryDoc = LogEntry & { readonly id: string }
type HeadDoc = SignedHead & { readonly id: string }

const entries: Declaration<EntryDoc> = {
  name: 'audit_log',
  fields: { seq: 'integer' },
  required: ['seq'],
  unique: [['seq']],
}
const heads: Declaration<HeadDoc> = {
  name: 'audit_heads',
  fields: { seq: 'integer' },
  required: ['seq'],
  unique: [['seq']],
}

/** The schema of a service with its audit stream: what every store of a service holds. */
export const withAudit = ({ collections, migrations }: StoreSchema): StoreSchema => ({
  collections: [...collections, entries, heads],
  migrations,
})

/** The audit stream's collections. */
export const auditTables = (store: Store) => ({ entries: store.collection(entries), heads: store.collection(heads) })
