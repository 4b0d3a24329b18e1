import { describe, expect, test } from 'bun:test'
import { type FoundNetwork, loneNetworks, networkFacts, networkFaults, overlap } from './network-plan.ts'

const wanted = {
  our_net: { subnet: '172.21.0.0/24' },
  inner_net: { subnet: '172.26.0.0/24', internal: true },
} as const
const found = (more: Partial<FoundNetwork>): FoundNetwork => ({
  id: 'a'.repeat(64),
  name: 'our_net',
  internal: false,
  subnets: ['172.21.0.0/24'],
  ...more,
})
const faults = (networks: readonly FoundNetwork[], routes: { device: string; subnet: string }[] = []) =>
  networkFaults(wanted, { networks, routes })

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
  test('of ours with another subnet, or open where it should be closed, is to be removed', () => {
    expect(
      faults([found({ subnets: ['10.0.0.0/24'] }), found({ name: 'inner_net', subnets: ['172.26.0.0/24'] })]),
    ).toEqual([
      'network our_net is 10.0.0.0/24, not 172.21.0.0/24: docker network rm our_net',
      'network inner_net is not internal: docker network rm inner_net',
    ])
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

test('the output of the script is read: networks, and routes but for the default one', () => {
  const text = `aa bridge false 172.17.0.0/16 \nbb host false \n== routes
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010211AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
wlan0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`
  expect(networkFacts(text)).toEqual({
    networks: [
      { id: 'aa', name: 'bridge', internal: false, subnets: ['172.17.0.0/16'] },
      { id: 'bb', name: 'host', internal: false, subnets: [] },
    ],
    routes: [{ device: 'wlan0', subnet: '192.168.0.0/24' }],
  })
})

test('a network is lone when nothing that the first stack starts by itself is on it', () => {
  const member = (stack: 'core' | 'sessions', profile?: string) => ({
    stack,
    networks: ['our_net'] as never[], // the table is of this test, its names are of no catalogue
    ...(profile !== undefined && { profile }),
  })
  expect(Object.keys(loneNetworks(wanted, { a: member('core') }))).toEqual(['inner_net'])
  expect(Object.keys(loneNetworks(wanted, { a: member('core', 'late'), b: member('sessions') }))).toEqual([
    'our_net',
    'inner_net',
  ])
})
