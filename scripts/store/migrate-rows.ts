import type { Cell } from '#common/cli/table'
import { isFault } from '#common/process/fault'
import { inspectRecord, type Status } from '#common/store/migrations/plan'
import { newestVersion, readRecord, type SchemaRecord } from '#common/store/migrations/record'
import type { StoreSchema } from '#common/store/schema'
import type { Schemas } from '../derive/store-schemas.ts'
import { hasStore, openStore, type StoreOptions } from './open.ts'

/** A store in a table of stores, and in JSON. Times are epoch ms. */
export type StoreRow = {
  readonly service: string
  readonly standing: Status | 'not there yet' | 'unreadable'
  /** Null when it is not there yet or cannot be read. */
  readonly version: number | null
  readonly code: number
  /** When it got to its version, and by which release; null when nothing was ever recorded. */
  readonly applied_at: number | null
  readonly applied_by: string | null
  readonly pending: readonly string[]
  readonly in_progress: string | null
  readonly advice: string | null
}

const describeRecord = (record: SchemaRecord | undefined, schema: StoreSchema) => {
  const { status, advice = null } = inspectRecord(record, schema)
  const { version = 0, in_progress: begun } = record ?? {}
  const last = record?.history.at(-1) ?? record?.began
  return {
    standing: status,
    version,
    applied_at: last?.at ?? null,
    applied_by: last?.by ?? null,
    pending: schema.migrations.slice(version).map(({ version, name }) => `${version} ${name}`),
    in_progress: begun ? `${begun.direction} ${begun.version} ${begun.name}` : null,
    advice,
  }
}

const inspectStore = async (service: string, schema: StoreSchema, options: StoreOptions): Promise<StoreRow> => {
  const absent: StoreRow = {
    service,
    standing: 'not there yet',
    version: null,
    code: newestVersion(schema),
    applied_at: null,
    applied_by: null,
    pending: [],
    in_progress: null,
    advice: null,
  }
  if (!hasStore(service, options)) return absent
  try {
    const store = await openStore(service, options)
    const record = await readRecord(store).finally(() => store.close())
    return { ...absent, ...describeRecord(record, schema) }
  } catch (error) {
    if (!isFault(error)) throw error
    return { ...absent, standing: 'unreadable', advice: error.message }
  }
}

/** A row for each store as it is now, in the order of the schemas. Changes no document; services may be using them. */
export const inspectStores = async (schemas: Schemas, options: StoreOptions): Promise<readonly StoreRow[]> => {
  const rows: StoreRow[] = []
  for (const [service, schema] of Object.entries(schemas)) rows.push(await inspectStore(service, schema, options))
  return rows
}

/** True for a store that its service can use as it is. */
export const isFit = ({ standing }: StoreRow): boolean => standing === 'current' || standing === 'not there yet'

/** Epoch ms for people: `2026-11-25 17:26:14Z`. */
const moment = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')

const stateCell = ({ standing, pending, in_progress }: StoreRow): Cell => {
  if (standing === 'current') return { text: standing, colour: 'green' }
  if (standing === 'not there yet') return { text: standing, colour: 'dim' }
  if (standing === 'old') return { text: `${pending.length} pending`, colour: 'yellow' }
  return { text: in_progress === null ? standing : `${standing}: ${in_progress}`, colour: 'red' }
}

export const columns = [
  { title: 'service' },
  { title: 'version', align: 'right' },
  { title: 'code', align: 'right' },
  { title: 'applied' },
  { title: 'by' },
  { title: 'state' },
] as const

export const cells = (row: StoreRow): readonly Cell[] => [
  row.service,
  String(row.version ?? '-'),
  String(row.code),
  row.applied_at === null ? '-' : moment(row.applied_at),
  row.applied_by ?? '-',
  stateCell(row),
]
