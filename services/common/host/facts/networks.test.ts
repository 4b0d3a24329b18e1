import { expect, test } from 'bun:test'
import { parseListening, parseNetworks } from './networks.ts'
import { parseSections } from './sections.ts'

const network = (name: string, more: object) => ` ${JSON.stringify({ id: `${name}-0123456789abcdef`, name, ...more })}`

test('networks are read with their device, and routes but for the default one', () => {
  const text = [
    '== networks',
    network('bridge', {
      internal: false,
      unrouted: false,
      subnets: ['172.17.0.0/16'],
      bridge: 'docker0',
      containers: ['a'],
    }),
    network('ours', { internal: true, compose: 'ours', subnets: [], bridge: '', containers: [] }),
    '== routes',
    ' Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    ' eth0\t00000000\t010211AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    ' wlan0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  ].join('\n')
  expect(parseNetworks(parseSections(text))).toEqual({
    networks: [
      {
        id: 'bridge-0123456789abcdef',
        name: 'bridge',
        internal: false,
        unrouted: false,
        subnets: ['172.17.0.0/16'],
        ofCompose: false,
        device: 'docker0',
        containers: ['a'],
      },
      {
        id: 'ours-0123456789abcdef',
        name: 'ours',
        internal: true,
        unrouted: false,
        subnets: [],
        ofCompose: true,
        device: 'br-ours-0123456',
        containers: [],
      },
    ],
    routes: [{ device: 'wlan0', subnet: '192.168.0.0/24' }],
  })
})

test('an engine that did not answer has no list of networks, not an empty one', () => {
  expect(parseNetworks(parseSections('== routes\n'))).toBeUndefined()
})

test('listening sockets are read from the kernel, with who can reach them', () => {
  const tcp = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
    '   1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
    '   2: 0100007F:1F92 0100007F:ABCD 01 00000000:00000000 00:00000000 00000000     0        0 1',
    '   3: 00000000000000000000000001000000:1F93 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
    '   4: 00000000000000000000000000000000:1F94 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
    '   5: 0000000000000000FFFF00000100007F:1F95 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
  ]
  expect(parseListening(tcp)).toEqual([
    { port: 8080, loopback: true },
    { port: 8081, loopback: false },
    { port: 8083, loopback: true },
    { port: 8084, loopback: false },
    { port: 8085, loopback: true },
  ])
})
