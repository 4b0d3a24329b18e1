import { describe, expect, test } from 'bun:test'
import { isFault } from '../../process/fault.ts'
import type { Migration, StoreSchema } from '../schema.ts'
import { type Ask, inspectRecord, planSteps } from './plan.ts'
import type { Begun, Direction, SchemaRecord } from './record.ts'

const nothing = async () => {}
const migration = (version: number, name: string): Migration => ({ version, name, up: nothing, down: nothing })
const [one, two, three] = [
  migration(1, 'one'),
  migration(2, 'two'),
  { ...migration(3, 'three'), down: 'irreversible' },
] as const
const code: StoreSchema = { collections: [], migrations: [one, two, three] }

const upTo = (version: number): readonly Migration[] => [one, two, three, migration(4, 'four')].slice(0, version)
const at = (version: number, begun?: readonly [direction: Direction, version: number, name: string]) => {
  const in_progress: Begun | undefined = begun && {
    direction: begun[0],
    version: begun[1],
    name: begun[2],
    since: 5,
    by: '1',
  }
  const record: SchemaRecord = {
    id: 'schema',
    version,
    began: { version: 0, at: 1, by: '1' },
    history: upTo(version).map(({ version, name }) => ({ version, name, direction: 'up', at: 2, by: '1' })),
    fence: 1,
    ...(in_progress && { in_progress }),
  }
  return record
}
const renamed: SchemaRecord = { ...at(2), history: [{ version: 1, name: 'other', direction: 'up', at: 2, by: '1' }] }
const undone: SchemaRecord = {
  ...at(0),
  history: [
    { version: 1, name: 'other', direction: 'up', at: 2, by: '1' },
    { version: 1, name: 'other', direction: 'down', at: 3, by: '1' },
  ],
}

/** `up 1` a step, `up 1 again` one that was begun before; or the code of the refusal. */
const outcome = (record: SchemaRecord, ask: Ask): string => {
  try {
    const words = planSteps(record, code, ask).map(
      ({ direction, version, again }) => `${direction} ${version}${again ? ' again' : ''}`,
    )
    return words.join(', ') || 'nothing'
  } catch (error) {
    if (isFault(error)) return error.code
    throw error
  }
}

const up: Ask = { direction: 'up' }
const down: Ask = { direction: 'down' }

describe('the steps from a record to what is asked for', () => {
  test.each<readonly [what: string, record: SchemaRecord, ask: Ask, outcome: string]>([
    ['from nothing to the newest', at(0), up, 'up 1, up 2, up 3'],
    ['from nothing to a version', at(0), { ...up, to: 2 }, 'up 1, up 2'],
    ['from one to the newest', at(1), up, 'up 2, up 3'],
    ['at the newest', at(3), up, 'nothing'],
    ['at the version asked for', at(2), { ...up, to: 2 }, 'nothing'],
    ['down by one', at(2), down, 'down 2'],
    ['down to nothing', at(2), { ...down, to: 0 }, 'down 2, down 1'],
    ['down to where it is', at(2), { ...down, to: 2 }, 'nothing'],
    ['down from nothing', at(0), down, 'no-such-version'],
    ['below nothing', at(1), { ...down, to: -1 }, 'no-such-version'],
    ['beyond the newest', at(1), { ...up, to: 4 }, 'no-such-version'],
    ['to a broken number', at(1), { ...up, to: 1.5 }, 'no-such-version'],
    ['up to a lower version', at(2), { ...up, to: 1 }, 'other-direction'],
    ['down to a higher version', at(1), { ...down, to: 2 }, 'other-direction'],
    ['down over an irreversible one', at(3), down, 'irreversible'],
    ['far down over an irreversible one', at(3), { ...down, to: 0 }, 'irreversible'],
    ['a newer store, up', at(4), up, 'schema-newer'],
    ['a newer store, down', at(4), down, 'schema-newer'],
    ['an applied one with another name', renamed, up, 'schema-differs'],
    ['an undone one with another name', undone, up, 'up 1, up 2, up 3'],
    ['broken off on the way up, up', at(1, ['up', 2, 'two']), up, 'up 2 again, up 3'],
    ['broken off on the way up, up to it', at(1, ['up', 2, 'two']), { ...up, to: 2 }, 'up 2 again'],
    ['broken off on the way up, up before it', at(1, ['up', 2, 'two']), { ...up, to: 1 }, 'schema-half-migrated'],
    ['broken off on the way up, down', at(1, ['up', 2, 'two']), down, 'schema-half-migrated'],
    ['broken off on the way down, down', at(2, ['down', 2, 'two']), down, 'down 2 again'],
    ['broken off on the way down, far down', at(2, ['down', 2, 'two']), { ...down, to: 0 }, 'down 2 again, down 1'],
    ['broken off on the way down, up', at(2, ['down', 2, 'two']), up, 'schema-half-migrated'],
    ['broken off on the way down, down to it', at(2, ['down', 2, 'two']), { ...down, to: 2 }, 'schema-half-migrated'],
    ['broken off in a step with another name', at(1, ['up', 2, 'other']), up, 'schema-half-migrated'],
    ['broken off in a step of a newer release', at(3, ['up', 4, 'four']), up, 'schema-half-migrated'],
  ])('%s', (_, record, ask, expected) => {
    expect(outcome(record, ask)).toBe(expected)
  })
})

describe('what a store is to the code', () => {
  test.each<readonly [what: string, record: SchemaRecord | undefined, schema: StoreSchema, status: string]>([
    ['none, and no migrations', undefined, { ...code, migrations: [] }, 'current'],
    ['none, and migrations', undefined, code, 'old'],
    ['lower', at(1), code, 'old'],
    ['equal', at(3), code, 'current'],
    ['higher', at(4), code, 'newer'],
    ['half-way up', at(2, ['up', 3, 'three']), code, 'half-migrated'],
    ['half-way down from newer', at(4, ['down', 4, 'four']), code, 'half-migrated'],
    ['brought here by others', renamed, code, 'differs'],
    ['had others, which were undone', undone, code, 'old'],
  ])('%s', (_, record, schema, status) => {
    expect(inspectRecord(record, schema).status).toBe(status as never)
  })
})
