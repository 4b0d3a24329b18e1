import { expect, test } from 'bun:test'
import { addressesOf, withAddress } from './name-server.ts'

test('an address is its own, and localhost is no question for anybody', async () => {
  const limits = { timeoutMs: 1 }
  expect(await addressesOf('172.22.0.5', limits)).toEqual(['172.22.0.5'])
  expect(await addressesOf('::1', limits)).toEqual(['::1'])
  expect(await addressesOf('localhost', limits)).toEqual(['127.0.0.1'])
})

test('an address takes the place of a name, except where a certificate is for the name', () => {
  expect(withAddress('http://maker:8090/status?a=1', '172.22.0.5')).toBe('http://172.22.0.5:8090/status?a=1')
  expect(withAddress('http://maker/', 'fe80::1')).toBe('http://[fe80::1]/')
  expect(withAddress('https://maker:1/x', '172.22.0.5')).toBe('https://maker:1/x')
})
