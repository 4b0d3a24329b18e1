import { describe, expect, test } from 'bun:test'
import { onionsOf, onionTable } from './onions.ts'

const address = `${'a'.repeat(56)}.onion`
const status = (rest: object) => JSON.stringify({ status: 'healthy', service: 'tor-proxy', ...rest })

test('onions come with all that is said of them', () => {
  const found = onionsOf(status({ onions: [{ name: 'gateway', address, ports: [80], published: true }] }))
  expect(found).toEqual({ onions: [{ name: 'gateway', address, detail: { ports: [80], published: true } }] })
  if ('failure' in found) throw new Error(found.failure)
  expect(onionTable(found.onions).raw).toContain(`gateway  ${address}  ports=[80] published=true`)
})

test('none is said to be none', () => {
  expect(onionsOf(status({ onions: [] }))).toEqual({ onions: [] })
  expect(onionTable([]).raw).toBe('tor-proxy keeps no onion service\n')
})

describe('what is no such status is a failure in words, never an empty list', () => {
  test.each([
    ['not JSON', '<html>', 'what answers there is not tor-proxy'],
    ['another service', '{"service":"other","onions":[]}', 'what answers there is not tor-proxy'],
    ['no list', status({}), 'its status has no list of onions'],
    ['no address', status({ onions: [{ name: 'x' }] }), 'its status lists an onion without an address'],
    ['half an address', status({ onions: [{ address: 'abc.onion' }] }), 'its status lists an onion without an address'],
  ])('%s', (_, text, failure) => expect(onionsOf(text)).toEqual({ failure }))
})
