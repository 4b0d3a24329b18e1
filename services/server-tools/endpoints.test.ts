import { expect, test } from 'bun:test'
import { serviceEndpoints, stockEndpoints } from './endpoints.ts'
import { known } from './fixture.ts'

test('a service is at its name and the port of its container', () => {
  expect(serviceEndpoints(known)).toEqual({
    reachable: [
      {
        name: 'keeper',
        stack: 'sessions',
        host: 'keeper',
        port: 8090,
        url: 'http://keeper:8090',
        neededBy: ['maker', 'operator'],
      },
      { name: 'maker', stack: 'sessions', host: 'maker', port: 8091, url: 'http://maker:8091', neededBy: [] },
    ],
    unreachable: ['payer'],
  })
})

test('the environment may say otherwise', () => {
  const addresses = { keeper: 'http://[::1]:4000/', maker: 'https://maker.example' }
  expect(serviceEndpoints({ ...known, addresses }).reachable).toMatchObject([
    { host: '::1', port: 4000, url: 'http://[::1]:4000' },
    { host: 'maker.example', port: 443 },
  ])
})

test('the database is needed by whoever keeps documents', () => {
  expect(stockEndpoints(known)).toEqual([{ name: 'db', stack: 'core', host: 'db', port: 27017, neededBy: ['keeper'] }])
  expect(stockEndpoints({ ...known, networks: ['lucid_rdp_net'] })).toEqual([])
})
