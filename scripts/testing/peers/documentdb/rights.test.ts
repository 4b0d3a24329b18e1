import { describe, expect, test } from 'bun:test'
import { allows, needsOf, open, privilegesOf, type RoleDefinition } from './rights.ts'

const of = (role: string, db = 'lucid', defined: readonly RoleDefinition[] = []) =>
  privilegesOf({ role, db }, defined) ?? []
const may = (role: string, command: string, request: object = {}, place = { db: 'lucid', collection: 'c' }) =>
  allows(of(role), needsOf(command, { ...request }, place) ?? [])

describe('a built-in role', () => {
  test('allows its own and nothing beyond', () => {
    const commands = [
      'find',
      'aggregate',
      'insert',
      'update',
      'delete',
      'createIndexes',
      'drop',
      'createUser',
    ]
    const table = Object.fromEntries(
      ['read', 'readWrite', 'dbAdmin', 'root'].map((role) => [
        role,
        commands.filter((command) => may(role, command)).join(' '),
      ]),
    )
    expect(table).toEqual({
      read: 'find aggregate',
      readWrite: 'find aggregate insert update delete createIndexes drop',
      dbAdmin: 'createIndexes drop',
      root: commands.join(' '),
    })
  })

  test('for one database holds in no other; one that is not there gives nothing', () => {
    expect(may('readWrite', 'find', {}, { db: 'other', collection: 'c' })).toBe(false)
    expect(privilegesOf({ role: 'none', db: 'lucid' }, [])).toBeUndefined()
  })
})

describe('a command needs more when its arguments do more', () => {
  const reader = of('read')
  const needs = (command: string, request: object) =>
    needsOf(command, { ...request }, { db: 'lucid', collection: 'c' })?.map(({ action }) => action)

  test('an upsert may insert, a findAndModify updates or removes', () => {
    expect(needs('update', { updates: [{}, { upsert: true }] })).toEqual(['update', 'insert'])
    expect(needs('findAndModify', { remove: true })).toEqual(['find', 'remove'])
    expect(needs('findAndModify', { upsert: true })).toEqual(['find', 'update', 'insert'])
  })

  test('an aggregation that writes somewhere needs to write there', () => {
    expect(needs('aggregate', { pipeline: [{ $match: {} }] })).toEqual(['find'])
    expect(needs('aggregate', { pipeline: [{ $out: 'd' }] })).toEqual(['find', 'insert', 'remove'])
    const merge = needsOf(
      'aggregate',
      { pipeline: [{ $merge: { into: { db: 'x', coll: 'd' } } }] },
      { db: 'lucid', collection: 'c' },
    )
    expect(merge?.at(-1)).toEqual({ resource: { db: 'x', collection: 'd' }, action: 'update' })
    expect(allows(reader, merge ?? [])).toBe(false)
  })
})

test('a role of its own has its privileges and those of its roles, and a circle of roles ends', () => {
  const resource = { db: 'lucid', collection: 'c' }
  const defined: readonly RoleDefinition[] = [
    {
      role: 'a',
      db: 'admin',
      privileges: [{ resource, actions: ['find'] }],
      roles: [{ role: 'b', db: 'admin' }],
    },
    {
      role: 'b',
      db: 'admin',
      privileges: [{ resource, actions: ['insert'] }],
      roles: [{ role: 'a', db: 'admin' }],
    },
  ]
  const held = of('a', 'admin', defined)
  expect(
    allows(held, [
      { resource, action: 'find' },
      { resource, action: 'insert' },
    ]),
  ).toBe(true)
  expect(allows(held, [{ resource: { db: 'lucid', collection: 'd' }, action: 'find' }])).toBe(false)
})

test('what is open to everybody has no needs', () => {
  expect(
    [...open].filter((name) => needsOf(name, {}, { db: 'a', collection: undefined }) !== undefined),
  ).toEqual([])
})
