import { Fault } from '../../process/fault.ts'
import type { Migration, StoreSchema } from '../schema.ts'
import { appliedIn, type Direction, newestOf, type SchemaRecord } from './record.ts'

/** What is asked for. Without `to`: up to the newest version, or down by one. */
export type Ask = { readonly direction: Direction; readonly to?: number }

/** One migration to run. `again`: it was begun before and is run from its beginning. */
export type Step = {
  readonly version: number
  readonly name: string
  readonly direction: Direction
  readonly again: boolean
}

/** How a store stands to the code. `differs`: it was brought here by other migrations than the code has. */
export type Standing = 'current' | 'old' | 'newer' | 'half-migrated' | 'differs'

/** A store without a record is version 0. */
export const standingOf = (record: SchemaRecord | undefined, schema: StoreSchema): Standing => {
  const newest = newestOf(schema)
  if (record === undefined) return newest === 0 ? 'current' : 'old'
  if (record.in_progress !== undefined) return 'half-migrated'
  if (record.version > newest) return 'newer'
  if (renamedIn(record, schema) !== undefined) return 'differs'
  return record.version < newest ? 'old' : 'current'
}

/** The first applied migration that the code has under another name. */
const renamedIn = (record: SchemaRecord, { migrations }: StoreSchema) =>
  [...appliedIn(record).values()]
    .map((done) => ({ done, code: migrations[done.version - 1]?.name }))
    .find(({ done, code }) => code !== undefined && code !== done.name)

const restore = 'restore the snapshot taken before the upgrade'

const title = ({ version, name }: { readonly version: number; readonly name: string }) =>
  `${version} '${name}'`

/** The command that finishes a half-done step. */
const finisher: Readonly<Record<Direction, string>> = {
  up: 'bun run migrate',
  down: 'bun run migrate --down --service S',
}

/**
 * Why a store cannot be used by the code as it is, and what mends it; undefined when it can. Fault invalid
 * `schema-old`, `schema-newer`, `schema-half-migrated`, `schema-differs`.
 */
export const standingFault = (record: SchemaRecord | undefined, schema: StoreSchema): Fault | undefined => {
  const newest = newestOf(schema)
  const version = record?.version ?? 0
  const begun = record?.in_progress
  const renamed = record && renamedIn(record, schema)
  const details: Readonly<Record<Standing, string | undefined>> = {
    current: undefined,
    old: `the store is at version ${version} and this release needs ${newest}: stop the platform, then bun run migrate`,
    newer: `the store is at version ${version} and this release knows ${newest}: install the newer release, or ${restore}`,
    'half-migrated':
      begun &&
      `migration ${title(begun)} began on its way ${begun.direction} and is not done: bun run migrate --status says whether it runs; when nothing does, ${finisher[begun.direction]} finishes it, or ${restore}`,
    differs:
      renamed &&
      `the store was brought to version ${version} by migration ${title(renamed.done)}, which this release has as '${renamed.code}': install the release that belongs to it (bun run migrate --status), or ${restore}`,
  }
  const standing = standingOf(record, schema)
  const detail = details[standing]
  return detail === undefined ? undefined : new Fault('invalid', `schema-${standing}`, detail)
}

const goalOf = (record: SchemaRecord, newest: number, { direction, to }: Ask): number => {
  const goal = to ?? (direction === 'up' ? newest : record.version - 1)
  if (!Number.isSafeInteger(goal) || goal < 0 || goal > newest)
    throw new Fault(
      'invalid',
      'no-such-version',
      to === undefined
        ? 'the store is at version 0, there is nothing to undo'
        : `there is no version ${to}: this release knows 0 to ${newest}`,
    )
  return goal
}

/** A half-done step goes on in the direction it was begun in, before anything else. */
const demandSameWay = (record: SchemaRecord, schema: StoreSchema, { direction }: Ask, goal: number) => {
  const begun = record.in_progress
  if (begun === undefined) return
  const reached = begun.direction === 'up' ? goal >= begun.version : goal < begun.version
  const code = schema.migrations[begun.version - 1]
  if (begun.direction === direction && reached && code?.name === begun.name) return
  throw new Fault(
    'invalid',
    'schema-half-migrated',
    code?.name === begun.name
      ? `migration ${title(begun)} began on its way ${begun.direction} and is not done: ${finisher[begun.direction]} has to finish it first, or ${restore}`
      : `migration ${title(begun)} began on its way ${begun.direction} and is not done, and this release does not have it: install the release that does, or ${restore}`,
  )
}

const stepsBetween = (record: SchemaRecord, migrations: readonly Migration[], ask: Ask, goal: number) => {
  const { version } = record
  const chosen =
    ask.direction === 'up' ? migrations.slice(version, goal) : migrations.slice(goal, version).toReversed()
  return chosen.map(
    (one): Step => ({
      version: one.version,
      name: one.name,
      direction: ask.direction,
      again: record.in_progress?.version === one.version,
    }),
  )
}

/**
 * The steps from where a store is to where it is asked to be, in their order; none when it is there. Throws
 * Fault invalid before anything is done: `schema-newer`, `schema-differs`, `schema-half-migrated`,
 * `no-such-version`, `other-direction`, `irreversible`. The schema has passed `checkSchema`.
 */
export const planSteps = (record: SchemaRecord, schema: StoreSchema, ask: Ask): readonly Step[] => {
  const newest = newestOf(schema)
  const { in_progress: _, ...settled } = record
  const unfit = standingFault(settled, schema)
  if (unfit && unfit.code !== 'schema-old') throw unfit
  const goal = goalOf(record, newest, ask)
  demandSameWay(record, schema, ask, goal)
  if (ask.direction === 'up' ? goal < record.version : goal > record.version)
    throw new Fault(
      'invalid',
      'other-direction',
      `the store is at version ${record.version}, so version ${goal} is ${ask.direction === 'up' ? 'down: add --down' : 'up: leave --down out'}`,
    )
  const steps = stepsBetween(record, schema.migrations, ask, goal)
  const stuck = steps.find(
    ({ version, direction }) =>
      direction === 'down' && schema.migrations[version - 1]?.down === 'irreversible',
  )
  if (stuck)
    throw new Fault('invalid', 'irreversible', `migration ${title(stuck)} cannot be undone: ${restore}`)
  return steps
}
