import { expect, test } from 'bun:test'
import { catalog, stock } from '#catalog'
import { listExpected, listTargets } from './expected.ts'

const listed = {
  ledger: { stack: 'blockchain', hostPort: 8088 },
  chunker: { stack: 'sessions', hostPort: 8090 },
  builder: { stack: 'sessions', hostPort: 8089 },
} as const

test('without a platform everything is asked on its host port, in the order of stacks and ports', () => {
  expect(listTargets(listed)).toEqual([
    { name: 'builder', stack: 'sessions', url: 'http://127.0.0.1:8089' },
    { name: 'chunker', stack: 'sessions', url: 'http://127.0.0.1:8090' },
    { name: 'ledger', stack: 'blockchain', url: 'http://127.0.0.1:8088' },
  ])
})

test('a running platform says where its services are; what it does not run is still asked', () => {
  const elsewhere = { urls: { chunker: 'http://127.0.0.1:40001' }, leftOut: {} }
  expect(listTargets(listed, { elsewhere, chosen: ['sessions'] }).map(({ url }) => url)).toEqual([
    'http://127.0.0.1:8089',
    'http://127.0.0.1:40001',
  ])
})

test('what the running platform was started without is listed with the reason', () => {
  const elsewhere = { urls: {}, leftOut: { ledger: 'needs a press' } }
  expect(listTargets(listed, { elsewhere, chosen: ['blockchain'] })).toEqual([
    { name: 'ledger', stack: 'blockchain', url: 'http://127.0.0.1:8088', leftOut: 'needs a press' },
  ])
})

test('expected are the database, what sets it up, and every service, those behind a profile too', () => {
  const expected = listExpected(catalog, stock)
  expect(expected.slice(0, 2)).toEqual([
    {
      service: 'mongo',
      stack: 'core',
      container: 'lucid_mongo',
      shows: 'engine',
      networks: [...stock.mongo.networks],
      volumes: ['lucid_core_mongo_data'],
    },
    { service: 'mongo-init', stack: 'core', container: 'lucid_mongo_init', shows: 'once', networks: [], volumes: [] },
  ])
  expect(expected.slice(2).map(({ service }) => service)).toEqual(Object.keys(catalog))
  expect(expected.find(({ service }) => service === 'session-recorder')?.shows).toBe('http')
  expect(listExpected(catalog, stock, ['integration']).map(({ service }) => service)).toEqual([
    'openapi-gateway',
    'openapi-server',
  ])
})
