import { expect, test } from 'bun:test'
import { expectFromCompose, listProbeImages } from './compose.ts'

const short = {
  services: {
    'merkle-builder': {
      image: 'lucid:merkle',
      user: '65532:65532',
      mem_limit: '192m',
      cpus: 1,
      pids_limit: 128,
      restart: 'unless-stopped',
      healthcheck: { test: ['CMD', '/usr/local/bin/bun', '/app/health.js'] },
      networks: ['chain'],
      ports: ['127.0.0.1:8092:8092'],
      volumes: ['data:/data', { type: 'bind', source: '/l/identities.json', target: '/run/i' }],
      secrets: [{ source: 'key', target: 'KEY' }],
      environment: { MONGO_URL: 'x' },
      depends_on: ['session-encryptor'],
    },
    'server-tools': { image: 'lucid:tools', profiles: ['tools'], restart: 'no' },
    init: { image: 'mongo', network_mode: 'service:mongo', restart: 'on-failure:5' },
  },
  networks: { chain: { name: 'lucid_chain_net', external: true } },
  volumes: { data: { name: 'lucid_sessions_data' } },
  secrets: { key: { file: '/l/secrets/m/KEY' } },
}

/** The same as `docker compose config` says it. */
const long = {
  ...short,
  services: {
    ...short.services,
    'merkle-builder': {
      ...short.services['merkle-builder'],
      mem_limit: '201326592',
      networks: { chain: null },
      ports: [{ mode: 'ingress', host_ip: '127.0.0.1', target: 8092, published: '8092', protocol: 'tcp' }],
      volumes: [
        { type: 'volume', source: 'data', target: '/data', volume: {} },
        { type: 'bind', source: '/l/identities.json', target: '/run/i' },
      ],
      depends_on: { 'session-encryptor': { condition: 'service_healthy', required: true } },
    },
  },
}

const read = (file: unknown) =>
  expectFromCompose([{ stack: 'sessions', file, hashes: { 'merkle-builder': 'h' } }], {
    needs: { 'merkle-builder': { needs: ['a', 'b'], tolerates: ['b'] } },
    planned: { lucid_chain_net: { subnet: '172.22.0.0/24' } },
  })

test('the short and the long form of a Compose file expect the same', () => {
  expect(read(long)).toEqual(read(short))
})

test('a service is read with all that it needs of a host; tools are left out, what runs once is known', () => {
  const { services, networks, volumes } = read(short)
  expect(services['merkle-builder']).toEqual({
    name: 'merkle-builder',
    stack: 'sessions',
    container: 'merkle-builder',
    image: 'lucid:merkle',
    uid: 65532,
    gid: 65532,
    profiles: [],
    networks: ['lucid_chain_net'],
    ports: [{ ip: '127.0.0.1', host: 8092, target: 8092 }],
    bindings: [{ ip: '127.0.0.1', host: 8092, target: 8092 }],
    rights: {
      user: '65532:65532',
      readOnlyRoot: false,
      privileged: false,
      capAdd: [],
      capDrop: [],
      securityOpt: [],
      restartPolicy: 'unless-stopped',
    },
    volumes: [{ name: 'lucid_sessions_data', target: '/data' }],
    files: [
      { path: '/l/secrets/m/KEY', secret: true },
      { path: '/l/identities.json', secret: false },
    ],
    memory: 192 * 2 ** 20,
    cpus: 1,
    pids: 128,
    hash: 'h',
    needs: ['a', 'session-encryptor', 'mongo'],
    once: false,
    check: ['/usr/local/bin/bun', '/app/health.js'],
    probed: true,
  })
  expect(services['init']).toMatchObject({ shares: 'mongo', once: true, probed: false, networks: [] })
  expect(Object.keys(services)).toEqual(['merkle-builder', 'init'])
  expect(networks).toEqual({
    lucid_chain_net: { subnet: '172.22.0.0/24', internal: false, unrouted: false, stack: 'core' },
  })
  expect(volumes).toEqual(['lucid_sessions_data'])
})

test('images that can look inside: the release’s tools first, then what has our Bun', () => {
  const files = [{ stack: 'sessions', file: short, hashes: {} }] as const
  expect(listProbeImages(files, undefined)).toEqual(['lucid:tools', 'lucid:merkle'])
  expect(listProbeImages(files, { images: [{ service: 'server-tools', name: 'lucid:tools-1' }] })[0]).toBe(
    'lucid:tools-1',
  )
})

test('ports that tor opens only with a network are not expected where it has none', () => {
  const ports = ['127.0.0.1:9050:9050', '127.0.0.1:8888:8888', '127.0.0.1:9051:9051', '127.0.0.1:9052:9052']
  const tor = (TOR_NETWORK: string) => ({
    services: { 'tor-proxy': { image: 'lucid:tor', ports, environment: { TOR_NETWORK } } },
  })
  const open = (file: unknown) => read(file).services['tor-proxy']?.ports.map(({ host }) => host)
  expect(open(tor('off'))).toEqual([9051, 9052])
  expect(open(tor('on'))).toEqual([9050, 8888, 9051, 9052])
})
