import { describe, expect, test } from 'bun:test'
import { type Network, netTable, reach } from './net.ts'

const place = { name: 'keeper', stack: 'sessions', host: 'keeper', port: 8090, neededBy: ['a', 'b'] } as const
const failing = (code: string) => async () => {
  throw Object.assign(new Error('secret detail'), { code })
}
const times = (all: readonly number[]) => {
  const left = [...all]
  return async () => left.shift() ?? 0
}
const network: Network = { resolve: async () => ['172.22.0.5'], dial: times([3, 1.234, 2]) }

test('a place that takes connections tells the fastest and the middle of three', async () => {
  expect(await reach([place], network)).toEqual([
    {
      name: 'keeper',
      host: 'keeper',
      port: 8090,
      needed_by: ['a', 'b'],
      addresses: ['172.22.0.5'],
      ok: true,
      fastest_ms: 1.23,
      median_ms: 2,
      detail: '',
    },
  ])
})

describe('a place that does not says why', () => {
  test.each([
    ['ENOTFOUND', 'its name is not known here'],
    ['ETIMEOUT', 'no name server has an answer for its name'],
    ['ECONNREFUSED', 'there is no name server'],
  ])('name: %s', async (code, detail) => {
    const found = await reach([place], { ...network, resolve: failing(code) })
    expect(found).toMatchObject([{ ok: false, addresses: [], detail }])
  })
  test.each([
    ['ECONNREFUSED', 'nothing listens there'],
    ['ETIMEDOUT', 'no answer in time'],
    ['ESTRANGE', 'ESTRANGE'],
    ['', 'it failed'],
  ])('connection: %s', async (code, detail) => {
    const found = await reach([place], { ...network, dial: failing(code) })
    expect(found).toMatchObject([{ ok: false, addresses: ['172.22.0.5'], detail }])
  })
})

test('the table has a line a place, and many callers by number', async () => {
  const db = { ...place, name: 'db', host: 'db', neededBy: ['a', 'b', 'c', 'd'] }
  const found = await reach([place, db], {
    resolve: async (host) => (host === 'db' ? failing('ENOTFOUND')() : ['172.22.0.5']),
    dial: async () => 1,
  })
  expect(netTable(found).raw).toBe(
    [
      'SERVICE  ADDRESS          STATE                       MS MIN  MS MED  NEEDED BY',
      'keeper   172.22.0.5:8090  open                             1       1  a, b',
      'db       db:8090          its name is not known here                  4 services',
      '',
      '1 of 2 open',
      '',
    ].join('\n'),
  )
})
