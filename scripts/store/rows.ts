import type { Sight } from '#common/store/migrations/look'
import { newestOf } from '#common/store/migrations/record'
import type { StoreSchema } from '#common/store/schema'
import type { Cell } from '../cli/table.ts'

/** A store in a table of stores, and in JSON. Times are epoch ms. */
export type StoreRow = {
  readonly service: string
  readonly standing: Sight['standing'] | 'not there yet' | 'unreadable'
  /** Null when it is not there yet or cannot be read. */
  readonly version: number | null
  readonly code: number
  /** When it got to its version, and by which release; null when nothing was ever recorded. */
  readonly applied_at: number | null
  readonly applied_by: string | null
  readonly pending: readonly string[]
  readonly in_progress: string | null
  readonly held_by: string | null
  readonly advice: string | null
}

const bare = {
  version: null,
  applied_at: null,
  applied_by: null,
  pending: [],
  in_progress: null,
  held_by: null,
}

/** A store that is not there yet. */
export const absentRow = (service: string, schema: StoreSchema): StoreRow => ({
  ...bare,
  service,
  standing: 'not there yet',
  code: newestOf(schema),
  advice: null,
})

/** A store that could not be looked at, and why. */
export const unreadableRow = (service: string, schema: StoreSchema, advice: string): StoreRow => ({
  ...bare,
  service,
  standing: 'unreadable',
  code: newestOf(schema),
  advice,
})

export const rowOf = (service: string, schema: StoreSchema, sight: Sight): StoreRow => {
  const { record, holder } = sight
  const last = record?.history.at(-1) ?? record?.began
  const begun = record?.in_progress
  return {
    service,
    standing: sight.standing,
    version: sight.version,
    code: sight.newest,
    applied_at: last?.at ?? null,
    applied_by: last?.by ?? null,
    pending: schema.migrations.slice(sight.version).map(({ version, name }) => `${version} ${name}`),
    in_progress: begun ? `${begun.direction} ${begun.version} ${begun.name}` : null,
    held_by: holder?.holder ?? null,
    advice: sight.advice ?? null,
  }
}

/** True for a store that its service can use as it is. */
export const isFit = ({ standing }: StoreRow): boolean =>
  standing === 'current' || standing === 'not there yet'

/** Epoch ms for people: `2026-11-25 17:26:14Z`. */
const moment = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')

const stateOf = ({ standing, pending, in_progress, held_by }: StoreRow): Cell => {
  if (held_by !== null) return { text: `${in_progress ?? 'migrating'}, by ${held_by}`, colour: 'yellow' }
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
  stateOf(row),
]
