import { describe, expect, test } from 'bun:test'
import { testLines } from './test-network.ts'
import { type Settings, torrc } from './torrc.ts'

const settings: Settings = {
  host: '0.0.0.0',
  ports: { socks: 9050, control: 9051, http: 8888 },
  data: '/data/tor-proxy/tor',
  passwordHash: '16:AB',
  networks: ['172.21.0.0/24', '172.26.0.0/24'],
  network: 'on',
  onions: [{ folder: '/data/tor-proxy/onions/gateway', port: 80, unix: '/tmp/lucid/gateway.sock' }],
  owner: 1,
  test: [],
}

test('the torrc of a container, to the byte', () => {
  expect(torrc(settings)).toBe(`# Written by tor-proxy at each start.
DataDirectory "/data/tor-proxy/tor"
RunAsDaemon 0
Log notice stdout
SafeLogging 1
ClientOnly 1
ExitRelay 0
ExitPolicy reject *:*
DisableNetwork 0
__OwningControllerProcess 1

SocksPort 0.0.0.0:9050
HTTPTunnelPort 0.0.0.0:8888
SafeSocks 1
SocksPolicy accept 127.0.0.0/8
SocksPolicy accept 172.21.0.0/24
SocksPolicy accept 172.26.0.0/24
SocksPolicy reject *

ControlPort 0.0.0.0:9051
HashedControlPassword 16:AB
CookieAuthentication 1
CookieAuthFile "/data/tor-proxy/tor/control_auth_cookie"

HiddenServiceDir "/data/tor-proxy/onions/gateway"
HiddenServiceVersion 3
HiddenServicePort 80 unix:"/tmp/lucid/gateway.sock"
HiddenServiceExportCircuitID haproxy
HiddenServiceMaxStreams 64
HiddenServiceMaxStreamsCloseCircuit 1
`)
})

test('off is off, an address with colons is bracketed, a folder may have any name, test lines come last', () => {
  const text = torrc({
    ...settings,
    host: '::1',
    network: 'off',
    data: '/my "own" folder',
    test: ['TestingTorNetwork 1'],
  })
  expect(text).toContain('DisableNetwork 1\n')
  expect(text).toContain('SocksPort [::1]:9050\n')
  expect(text).toContain('DataDirectory "/my \\"own\\" folder"\n')
  expect(text).toEndWith('\n# A private network, for tests.\nTestingTorNetwork 1\n')
})

describe('the lines of a private network', () => {
  const authority =
    'DirAuthority a1 orport=5001 no-v2 v3ident=AABB 127.0.0.1:5101 0011223344556677889900112233445566778899'

  test('are what such a network needs', () => {
    expect(testLines(`TestingTorNetwork 1\n\n${authority}\n`, 'development')).toEqual([
      'TestingTorNetwork 1',
      authority,
    ])
    expect(testLines(undefined, 'production')).toEqual([])
  })

  test('are refused in production', () => {
    expect(() => testLines('TestingTorNetwork 1', 'production')).toThrow('may not be set in production')
  })

  test.each([
    'ControlPort 0.0.0.0:1',
    'ORPort 9001',
    'ExitRelay 1',
    'Log debug file /etc/passwd',
    'ClientTransportPlugin x exec /bin/sh',
    '%include /etc/passwd',
    'TestingTorNetwork 1\rORPort 9001',
    'TestingTorNetwork "1"',
    ' TestingTorNetwork 1',
  ])('cannot be %j', (line) => {
    expect(() => testLines(line, 'development')).toThrow('TOR_TEST_NETWORK may not hold the line')
  })
})
