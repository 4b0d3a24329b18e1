import { Fault } from '../../process/fault.ts'
import type { StoreSchema } from '../schema.ts'
import { type Direction, newestVersion, type SchemaRecord } from './record.ts'

/** What is asked for. Without `to`: up to the newest version, or down by one. */
export type Ask = { readonly direction: Direction; readonly to?: number }

/** One migration to run. `again`: it was begun before and is run from its beginning. */
export type Step = {
  readonly version: number
  readonly name: string
  readonly direction: Direction
  readonly again: boolean
}

/** The version before and after a step. */
export const endsOfStep = ({ version, direction }: Pick<Step, 'version' | 'direction'>) =>
  direction === 'up' ? { from: version - 1, to: version } : { from: version, to: version - 1 }

/** What a store is to the code. `differs`: it was brought here by other migrations than the code has. */
export type Status = 'current' | 'old' | 'newer' | 'half-migrated' | 'differs'

const invalid = (code: string, detail: string) => new Fault('invalid', code, detail)
const restore = 'restore the snapshot taken before the upgrade'
const title = ({ version, name }: { readonly version: number; readonly name: string }) => `${version} '${name}'`

const finisher: Readonly<Record<Direction, string>> = {
  up: 'bun run migrate',
  down: 'bun run migrate --down --service S',
}

/** The first migration that still holds and that the code has under another name. */
const findRenamed = ({ history, version }: SchemaRecord, { migrations }: StoreSchema) => {
  const applied = history.filter((done) => done.direction === 'up' && done.version <= version)
  return [...new Map(applied.map((done) => [done.version, done])).values()]
    .map((done) => ({ done, code: migrations[done.version - 1]?.name }))
    .find(({ done, code }) => code !== undefined && code !== done.name)
}

/** What a store is to the code, and unless it can be used as it is, why not and what repairs it. */
export const inspectRecord = (
  record: SchemaRecord | undefined,
  schema: StoreSchema,
): { readonly status: Status; readonly advice?: string } => {
  const newest = newestVersion(schema)
  const version = record?.version ?? 0 // a store without a record
  const begun = record?.in_progress
  if (begun !== undefined)
    return {
      status: 'half-migrated',
      advice: `migration ${title(begun)} began on its way ${begun.direction} and is not done: when nothing works at it any more, ${finisher[begun.direction]} finishes it, or ${restore}`,
    }
  if (version > newest)
    return {
      status: 'newer',
      advice: `the store is at version ${version} and this release knows ${newest}: install the newer release, or ${restore}`,
    }
  const renamed = record && findRenamed(record, schema)
  if (renamed !== undefined)
    return {
      status: 'differs',
      advice: `the store was brought to version ${version} by migration ${title(renamed.done)}, which this release has as '${renamed.code}': install the release that belongs to it (bun run migrate --status), or ${restore}`,
    }
  if (version < newest)
    return {
      status: 'old',
      advice: `the store is at version ${version} and this release needs ${newest}: stop the platform, then bun run migrate`,
    }
  return { status: 'current' }
}

/** Throws Fault `schema-old|-newer|-half-migrated|-differs` for a store that the code cannot use, unless `allowed`. */
export const requireCurrent = (record: SchemaRecord, schema: StoreSchema, allowed?: Status): void => {
  const { status, advice } = inspectRecord(record, schema)
  if (advice !== undefined && status !== allowed) throw invalid(`schema-${status}`, advice)
}

const findGoal = (record: SchemaRecord, newest: number, { direction, to }: Ask): number => {
  const goal = to ?? (direction === 'up' ? newest : record.version - 1)
  if (!Number.isSafeInteger(goal) || goal < 0 || goal > newest)
    throw invalid(
      'no-such-version',
      to === undefined
        ? 'the store is at version 0, there is nothing to undo'
        : `there is no version ${to}: this release knows 0 to ${newest}`,
    )
  return goal
}

/** A half-done step goes on in the direction it was begun in, before anything else. */
const requireSameWay = (record: SchemaRecord, schema: StoreSchema, { direction }: Ask, goal: number) => {
  const begun = record.in_progress
  if (begun === undefined) return
  const isReached = begun.direction === 'up' ? goal >= begun.version : goal < begun.version
  const isOurs = schema.migrations[begun.version - 1]?.name === begun.name
  if (begun.direction === direction && isReached && isOurs) return
  throw invalid(
    'schema-half-migrated',
    `migration ${title(begun)} began on its way ${begun.direction} and is not done, ${
      isOurs
        ? `and ${finisher[begun.direction]} has to finish it first`
        : 'and this release does not have it: install the release that does'
    }, or ${restore}`,
  )
}

/**
 * The steps from where a store is to where it is asked to be, in their order; none when it is there. Throws
 * Fault invalid before anything is done: `schema-newer`, `schema-differs`, `schema-half-migrated`,
 * `no-such-version`, `other-direction`, `irreversible`. The schema has passed `checkSchema`.
 */
export const planSteps = (record: SchemaRecord, schema: StoreSchema, ask: Ask): readonly Step[] => {
  const { version, in_progress: begun, ...rest } = record
  const { direction } = ask
  requireCurrent({ version, ...rest }, schema, 'old')
  const goal = findGoal(record, newestVersion(schema), ask)
  requireSameWay(record, schema, ask, goal)
  if (direction === 'up' ? goal < version : goal > version)
    throw invalid(
      'other-direction',
      `the store is at version ${version}, so version ${goal} is ${direction === 'up' ? 'down: add --down' : 'up: leave --down out'}`,
    )
  const chosen =
    direction === 'up' ? schema.migrations.slice(version, goal) : schema.migrations.slice(goal, version).toReversed()
  const stuck = direction === 'down' && chosen.find(({ down }) => down === 'irreversible')
  if (stuck) throw invalid('irreversible', `migration ${title(stuck)} cannot be undone: ${restore}`)
  return chosen.map((one) => ({
    version: one.version,
    name: one.name,
    direction,
    again: begun?.version === one.version,
  }))
}
