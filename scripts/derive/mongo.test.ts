import { expect, test } from 'bun:test'
import { stock } from '#catalog'
import { cacheGB, mongoServices, mongoUsers } from './mongo.ts'
import { mongoReplicaSet, mongoReplicaSetText, REPLICA_SET_URL } from './mongo-replica-set.ts'

test('the cache is a third of the memory, never under what WiredTiger takes', () => {
  expect([256, 768, 1024, 3072, 8192].map(cacheGB)).toEqual([0.25, 0.25, 0.33, 1, 2.66])
})

test('the database gets its key file and no password; its set-up gets the passwords and no key file', () => {
  const { services, secrets } = mongoServices(stock.mongo, ['keeper'])
  expect(services['mongo']?.secrets).toEqual([{ source: 'mongo-KEYFILE', target: 'KEYFILE' }])
  expect(services['mongo-init']?.secrets).toEqual([
    { source: 'mongo-ROOT_PASSWORD', target: 'ROOT_PASSWORD' },
    { source: 'keeper-MONGO_PASSWORD', target: 'keeper-MONGO_PASSWORD' },
  ])
  expect(secrets).toEqual([
    ['mongo', 'KEYFILE'],
    ['mongo', 'ROOT_PASSWORD'],
    ['keeper', 'MONGO_PASSWORD'],
  ])
})

test('a user may touch the collections of its service and the version of their schema, nothing else', () => {
  expect(mongoUsers({ keeper: ['things', 'chunks'], maker: ['things'] })).toEqual({
    database: 'lucid',
    replicaSet: 'rs0',
    users: [
      { user: 'keeper', collections: ['keeper.things', 'keeper.chunks'] },
      { user: 'maker', collections: ['maker.things'] },
    ],
  })
})

const hosts = 'lucid_mongo:27017,lucid_mongo_2:27017,lucid_mongo_3:27017'

test('the override adds two members like the first, each with its own data, and has them joined to the set', () => {
  const { services, volumes } = mongoReplicaSet()
  const { mongo } = mongoServices(stock.mongo, []).services
  if (mongo === undefined) throw new Error('no first member')
  const { ports: _, ...first } = mongo
  for (const member of [2, 3]) {
    const other = services[`mongo-${member}`]
    expect(other).toMatchObject({
      ...first,
      container_name: `lucid_mongo_${member}`,
      volumes: [`lucid_core_mongo_data_${member}:/data/db`, ...first.volumes.slice(1)],
      healthcheck: { ...first.healthcheck, test: [...(first.healthcheck?.test ?? []), 'member'] },
      labels: { ...first.labels, 'org.lucid.service': `mongo-${member}` },
    })
    expect(other?.ports).toBeUndefined()
  }
  expect(services['mongo-init']?.environment).toEqual({ MONGO_MEMBERS: hosts })
  expect(Object.keys(volumes)).toEqual(['lucid_core_mongo_data_2', 'lucid_core_mongo_data_3'])
})

test('the address for services lists all three, and the override says it', () => {
  expect(REPLICA_SET_URL).toBe(`mongodb://${hosts}/lucid?replicaSet=rs0&authSource=admin`)
  expect(mongoReplicaSetText()).toContain(`LUCID_MONGO_URL=${REPLICA_SET_URL}`)
})
