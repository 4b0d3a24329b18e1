import { expect, test } from 'bun:test'
import { addressesOf } from './name-server.ts'

test('an address is its own, and localhost is no question for anybody', async () => {
  const limits = { timeoutMs: 1 }
  expect(await addressesOf('172.22.0.5', limits)).toEqual(['172.22.0.5'])
  expect(await addressesOf('::1', limits)).toEqual(['::1'])
  expect(await addressesOf('localhost', limits)).toEqual(['127.0.0.1'])
})
