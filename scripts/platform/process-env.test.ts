import { expect, test } from 'bun:test'
import { buildProcessEnv } from './process-env.ts'

const catalogue = {
  'blockchain-vm': { plane: 'chain', needs: [] },
  'blockchain-ledger': { plane: 'chain', needs: ['blockchain-vm'] },
} as const

const input = {
  catalogue,
  ports: { 'blockchain-vm': 8087, 'blockchain-ledger': 8088 },
  paths: {
    identities: '/home/identities.json',
    data: (service: string) => `/home/data/${service}`,
    secret: (owner: string, key: string) => `/home/secrets/${owner}/${key}`,
  },
  keys: [
    { key: 'PORT', secret: false },
    { key: 'IDENTITY_KEY', secret: true },
    { key: 'LEDGER_KEY', secret: true },
    { key: 'LOG_LEVEL', secret: false },
    { key: 'REGISTRAR_ADDRESS', secret: false },
  ],
}

test('a process gets its address, its peers, its data folder and its secrets by file', () => {
  expect(buildProcessEnv('blockchain-ledger', input)).toEqual({
    LUCID_ENV: 'development',
    LUCID_PLANE: 'chain',
    HOST: '127.0.0.1',
    PORT: '8088',
    LUCID_DATA: '/home/data/blockchain-ledger',
    IDENTITY_PEERS_FILE: '/home/identities.json',
    IDENTITY_KEY_FILE: '/home/secrets/blockchain-ledger/IDENTITY_KEY',
    LEDGER_KEY_FILE: '/home/secrets/blockchain-ledger/LEDGER_KEY',
    BLOCKCHAIN_VM_URL: 'http://127.0.0.1:8087',
  })
})

test('further ports are told to their service as numbers and to callers as HOST:PORT', () => {
  const front = { plane: 'ops', needs: [], ports: { onion: 8079 } } as const
  const proxy = { plane: 'ops', needs: ['front'], ports: { socks: 9050 } } as const
  const ports = { front: 1, 'front/onion': 2, proxy: 3, 'proxy/socks': 4 }
  const env = buildProcessEnv('proxy', { ...input, catalogue: { front, proxy }, ports, keys: [] })
  expect(env).toMatchObject({ PORT: '3', SOCKS_PORT: '4', FRONT_URL: 'http://127.0.0.1:1', FRONT_ONION: '127.0.0.1:2' })
})

test('of the environment around only declared keys and what a process needs of the machine pass through', () => {
  const ambient = { LOG_LEVEL: 'warn', PATH: '/bin', PORT: '1', IDENTITY_KEY: 'leak', OPERATORS_TOKEN: 'leak' }
  const env = buildProcessEnv('blockchain-ledger', { ...input, ambient })
  expect(env['LOG_LEVEL']).toBe('warn')
  expect(env['PATH']).toBe('/bin')
  expect(env['PORT']).toBe('8088')
  expect(Object.values(env)).not.toContain('leak')
})

test('a given value wins over everything, and a given secret replaces its file', () => {
  const overrides = { REGISTRAR_ADDRESS: 'ab'.repeat(20), LEDGER_KEY: '11'.repeat(32) }
  const env = buildProcessEnv('blockchain-ledger', { ...input, overrides, ambient: { REGISTRAR_ADDRESS: 'other' } })
  expect(env['REGISTRAR_ADDRESS']).toBe('ab'.repeat(20))
  expect(env['LEDGER_KEY']).toBe('11'.repeat(32))
  expect(env['LEDGER_KEY_FILE']).toBeUndefined()
})
