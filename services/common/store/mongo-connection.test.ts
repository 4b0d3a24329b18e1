import { describe, expect, test } from 'bun:test'
import { mongoConnection } from './mongo-connection.ts'

/** What a collection of the store asks for with every command. Nothing is connected. */
const asked = (url: string) => {
  const { client, db } = mongoConnection({ url, owner: 'merkle-builder', timeoutMs: 3_000 })
  const { writeConcern, readConcern, readPreference } = db.collection('merkle-builder.merkle_trees')
  return {
    database: db.databaseName,
    w: writeConcern?.w,
    journal: writeConcern?.journal,
    wait: writeConcern?.wtimeoutMS,
    read: readConcern?.level,
    from: readPreference?.mode,
    retryWrites: client.options.retryWrites,
    retryReads: client.options.retryReads,
  }
}

const expected = {
  database: 'lucid',
  w: 'majority',
  journal: true,
  wait: 3_000,
  read: 'majority',
  from: 'primary',
  retryWrites: true,
  retryReads: true,
} as const

describe('a connection', () => {
  for (const url of ['mongodb://h', 'mongodb://h/', 'mongodb://h/lucid', 'mongodb://h/?replicaSet=rs0'])
    test(`to ${url} asks for a majority in its journal, in the database lucid`, () =>
      expect(asked(url)).toEqual(expected))

  test('to a database that the URL names is to that one', () =>
    expect(asked('mongodb://h/other?replicaSet=rs0').database).toBe('other'))

  for (const weaker of [
    'w=0',
    'w=1&journal=false&wtimeoutMS=1',
    'readConcernLevel=local',
    'readPreference=secondary',
    'retryWrites=false&retryReads=false',
  ])
    test(`is not weakened by ?${weaker}`, () => expect(asked(`mongodb://h/lucid?${weaker}`)).toEqual(expected))

  test('takes the login that is given, unless the URL holds one', () => {
    const auth = { username: 'service', password: 'hunter2' }
    const user = (url: string) =>
      mongoConnection({ url, owner: 'merkle-builder', auth }).client.options.credentials?.username
    expect([user('mongodb://h/lucid'), user('mongodb://me:secret@h/lucid')]).toEqual(['service', 'me'])
  })

  test('to what is no address is refused without quoting it', () =>
    expect(() => asked('mongodb://user:hunter2@')).toThrow(/^MONGO_URL is no connection string(?!.*hunter2)/))
})
