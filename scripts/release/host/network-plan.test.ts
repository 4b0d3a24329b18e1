import { describe, expect, test } from 'bun:test'
import type { NetworkFact } from '#common/host/facts/networks'
import { createNetwork, findNetworkFaults, overlap } from './network-plan.ts'

const expected = {
  our_net: { subnet: '172.21.0.0/24' },
  inner_net: { subnet: '172.26.0.0/24', internal: true },
} as const
const found = (more: Partial<NetworkFact>): NetworkFact => ({
  id: 'a'.repeat(64),
  name: 'our_net',
  internal: false,
  unrouted: false,
  ofCompose: true,
  subnets: ['172.21.0.0/24'],
  device: `br-${'a'.repeat(12)}`,
  containers: [],
  ...more,
})
const faults = (networks: readonly NetworkFact[], routes: { device: string; subnet: string }[] = []) =>
  findNetworkFaults(expected, { networks, routes })

test('ranges overlap when one address is in both', () => {
  expect(overlap('172.21.0.0/24', '172.21.0.128/25')).toBe(true)
  expect(overlap('172.16.0.0/12', '172.21.0.0/24')).toBe(true)
  expect(overlap('172.21.0.0/24', '172.21.1.0/24')).toBe(false)
  expect(overlap('0.0.0.0/0', '172.21.1.0/24')).toBe(true)
  expect(overlap('fd00::/64', '172.21.1.0/24')).toBe(false)
})

describe('a network', () => {
  test('that is there as it should be is no fault, nor is its own route', () => {
    expect(faults([found({})], [{ device: `br-${'a'.repeat(12)}`, subnet: '172.21.0.0/24' }])).toEqual([])
  })
  test('of ours with another subnet, or open where it should be closed, is no fault: it is made anew', () => {
    expect(
      faults([found({ subnets: ['172.26.0.0/24'] }), found({ name: 'inner_net', subnets: ['172.21.0.0/24'] })]),
    ).toEqual([])
  })
  test('of somebody else in our range is named', () => {
    expect(faults([found({ name: 'theirs', subnets: ['172.16.0.0/12'] })])).toEqual([
      'network our_net (172.21.0.0/24) clashes with the network theirs (172.16.0.0/12) of this engine: remove that, or move it',
      'network inner_net (172.26.0.0/24) clashes with the network theirs (172.16.0.0/12) of this engine: remove that, or move it',
    ])
  })
  test('in the range of which the host lives is named with the device', () => {
    expect(faults([], [{ device: 'wlan0', subnet: '172.21.0.0/16' }])).toEqual([
      'network our_net (172.21.0.0/24) clashes with the way of the host to 172.21.0.0/16 by wlan0: move that network',
    ])
  })
})

test('a network is made with what Compose knows its own by, so that a stack takes it whoever made it', () => {
  expect(createNetwork('our_net', { subnet: '172.21.0.0/24' })).toBe(
    'docker network create --driver bridge --subnet 172.21.0.0/24 --label com.docker.compose.project=lucid-core --label com.docker.compose.network=our_net our_net',
  )
  expect(createNetwork('inner_net', expected.inner_net)).toContain(' --internal ')
  expect(createNetwork('keys_net', { subnet: '172.24.0.0/24', unrouted: true })).toContain(
    ' --opt=com.docker.network.bridge.enable_ip_masquerade=false ',
  )
})
