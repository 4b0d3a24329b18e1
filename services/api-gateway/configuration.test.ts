import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { catalog, type Entry, type ServiceName } from '#catalog'
import { configuration } from './configuration.ts'
import { buildLocations } from './location.ts'
import type { Settings } from './settings.ts'

const small: Settings = {
  host: '0.0.0.0',
  port: 8080,
  onionPort: 8079,
  tlsPort: 8443,
  pem: '/tmp/lucid-api-gateway-000000000000/tls-1.pem',
  onionFrom: ['127.0.0.0/8', '172.21.0.0/24'],
  folder: '/tmp/lucid-api-gateway-000000000000',
  upstreams: [
    {
      service: 'blockchain-api',
      addresses: ['172.21.0.5:8084'],
      public: { prefix: '/blockchain', open: ['GET /chain', 'GET /receipts/:hash/proof'], guarded: [], streams: [] },
    },
    {
      service: 'session-recorder',
      addresses: [],
      public: {
        prefix: '/recorder',
        open: [],
        guarded: ['GET /recordings/:id', 'DELETE /recordings/:id'],
        streams: ['PATCH /recordings/:id/stream'],
        events: ['GET /recordings/:id/events'],
      },
    },
  ],
  hostNames: ['lucid.example'],
  timeoutMs: 30_000,
}

test('the configuration of a small catalogue, to the byte', async () => {
  const expected = await Bun.file(join(import.meta.dir, 'vectors', 'small.conf')).text()
  expect(configuration(small)).toBe(expected)
})

test('the same settings give the same text', () => {
  expect(configuration(structuredClone(small))).toBe(configuration(small))
})

test('an address with colons is bracketed, root stays root', () => {
  const text = configuration({ ...small, host: '::1', user: 'root' })
  expect(text).toContain('listen [::1]:8080;')
  expect(text).toContain('\nuser root;\n')
})

test('what a service shows nowhere is in no location', () => {
  const entries = Object.entries(catalog) as [ServiceName, Entry][]
  const shown = entries.flatMap(([service, entry]) =>
    entry.public === undefined ? [] : [{ service, addresses: ['127.0.0.1:1'], public: entry.public }],
  )
  const text = configuration({ ...small, upstreams: shown })
  for (const inner of [
    'decrypt',
    'finalize',
    'orchestrator/process',
    '/state',
    '/key',
    '/encrypt',
    '/replay',
    '/auth/users',
    '/auth/keys',
    '/auth/admin-code',
  ])
    expect(text).not.toContain(inner)
  const guarded = shown.flatMap((one) => buildLocations(one.service, one.public)).filter(({ kind }) => kind !== 'open')
  expect(text.match(/set \$kind guarded;/g)?.length).toBe(3 * guarded.length)
  expect(text.match(/auth_request /g)?.length).toBe(3 * guarded.length)
})
