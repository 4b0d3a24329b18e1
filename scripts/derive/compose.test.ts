import { expect, test } from 'bun:test'
import { catalog, stacks } from '#catalog'
import { secretKeys, services, stores } from './compose.fixture.ts'
import { composeText, makeCompose } from './compose.ts'

const sessions = makeCompose('sessions', services, secretKeys, stores)
const home = `$\{LUCID_MOUNT_PATH:-/mnt/myssd/Lucid}`

test('a service is confined, limited, watched and labelled, and finds its secrets as files', () => {
  expect(sessions?.services['keeper']).toEqual({
    image: `$\{LUCID_IMAGE_REPO:-pickme/lucid}:keeper`,
    container_name: 'keeper',
    user: '65532:65532',
    read_only: true,
    tmpfs: ['/tmp:rw,noexec,nosuid,size=16m'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: '128m',
    cpus: 0.5,
    pids_limit: 128,
    restart: 'unless-stopped',
    stop_grace_period: '30s',
    env_file: ['../env/.env.sessions'],
    environment: {
      LUCID_PLANE: 'chain',
      IDENTITY_KEY_FILE: '/run/secrets/IDENTITY_KEY',
      MASTER_KEY_FILE: '/run/secrets/MASTER_KEY',
    },
    secrets: [
      { source: 'keeper-IDENTITY_KEY', target: 'IDENTITY_KEY' },
      { source: 'keeper-MASTER_KEY', target: 'MASTER_KEY' },
    ],
    volumes: [
      'lucid_sessions_data:/data',
      {
        type: 'bind',
        source: `${home}/identities.json`,
        target: '/run/lucid/identities.json',
        read_only: true,
        bind: { create_host_path: false },
      },
    ],
    networks: ['lucid_chain_net'],
    dns_opt: ['timeout:1', 'attempts:1', 'ndots:0'],
    ports: ['127.0.0.1:8090:8090'],
    healthcheck: {
      test: ['CMD', '/usr/local/bin/bun', '/app/health.js'],
      interval: '10s',
      timeout: '3s',
      retries: 3,
      start_period: '10s',
    },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: {
      'org.lucid.plane': 'chain',
      'org.lucid.stage': 'sessions',
      'org.lucid.service': 'keeper',
      'org.lucid.cluster': `$\{CLUSTER_ID:-lucid-cluster-001}`,
    },
  })
})

test('further ports are published on loopback too', () => {
  const { keeper } = services
  if (keeper === undefined) throw new Error('the fixture has a keeper')
  const made = makeCompose('sessions', { keeper: { ...keeper, ports: { socks: 9050 } } }, {})
  expect(made?.services['keeper']?.ports).toEqual(['127.0.0.1:8090:8090', '127.0.0.1:9050:9050'])
})

test('a service that keeps documents finds its database, its user and the file of its password', () => {
  const { environment, secrets } = sessions?.services['maker'] ?? {}
  expect(environment).toEqual({
    LUCID_PLANE: 'chain',
    MONGO_URL: `$\{LUCID_MONGO_URL:-mongodb://lucid_mongo:27017/lucid?replicaSet=rs0&authSource=admin}`,
    MONGO_USER: 'maker',
    IDENTITY_KEY_FILE: '/run/secrets/IDENTITY_KEY',
    MONGO_PASSWORD_FILE: '/run/secrets/MONGO_PASSWORD',
  })
  expect(secrets).toContainEqual({ source: 'maker-MONGO_PASSWORD', target: 'MONGO_PASSWORD' })
})

test('a password that the Env declares already stands there once', () => {
  const declared = makeCompose('sessions', services, { maker: ['MONGO_PASSWORD'] }, stores)
  expect(declared?.services['maker']?.secrets).toEqual([{ source: 'maker-MONGO_PASSWORD', target: 'MONGO_PASSWORD' }])
})

test('depends_on names only what is in the file, not tolerated and not behind a profile', () => {
  expect(sessions?.services['maker']?.depends_on).toEqual({ keeper: { condition: 'service_healthy' } })
  expect(sessions?.services['keeper']?.depends_on).toBeUndefined()
})

test('a profile is kept, so that the service starts only when asked for', () => {
  expect(sessions?.services['late']?.profiles).toEqual(['recording'])
})

test('a stack names its project, volumes and secret files, and joins networks it does not make', () => {
  const { services: _, ...rest } = sessions ?? {}
  expect(rest).toEqual({
    name: 'lucid-sessions',
    networks: { lucid_chain_net: { name: 'lucid_chain_net', external: true } },
    volumes: { lucid_sessions_data: { name: 'lucid_sessions_data' } },
    secrets: {
      'keeper-IDENTITY_KEY': { file: `${home}/secrets/keeper/IDENTITY_KEY` },
      'keeper-MASTER_KEY': { file: `${home}/secrets/keeper/MASTER_KEY` },
      'maker-IDENTITY_KEY': { file: `${home}/secrets/maker/IDENTITY_KEY` },
      'maker-MONGO_PASSWORD': { file: `${home}/secrets/maker/MONGO_PASSWORD` },
    },
  })
})

test('core makes all networks, the wallet’s without a way out and those of keys and documents without a way back, even before it has a service', () => {
  expect(makeCompose('core', services, {})?.networks).toEqual({
    lucid_core_net: { name: 'lucid_core_net', driver: 'bridge', ipam: { config: [{ subnet: '172.21.0.0/24' }] } },
    lucid_chain_net: { name: 'lucid_chain_net', driver: 'bridge', ipam: { config: [{ subnet: '172.22.0.0/24' }] } },
    lucid_keys_net: {
      name: 'lucid_keys_net',
      driver: 'bridge',
      driver_opts: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
      ipam: { config: [{ subnet: '172.24.0.0/24' }] },
    },
    lucid_store_net: {
      name: 'lucid_store_net',
      driver: 'bridge',
      driver_opts: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
      ipam: { config: [{ subnet: '172.25.0.0/24' }] },
    },
    lucid_rdp_net: { name: 'lucid_rdp_net', driver: 'bridge', ipam: { config: [{ subnet: '172.23.0.0/24' }] } },
    lucid_wallet_net: {
      name: 'lucid_wallet_net',
      driver: 'bridge',
      internal: true,
      ipam: { config: [{ subnet: '172.26.0.0/24' }] },
    },
  })
})

test('a stack without services has no file', () => {
  expect(makeCompose('integration', services, {})).toBeUndefined()
})

test('the text reads back as the same file, without anchors', () => {
  for (const stack of stacks) {
    const file = makeCompose(stack, services, secretKeys, stores)
    if (!file) continue
    expect(Bun.YAML.parse(composeText(file))).toEqual(file)
    expect(composeText(file)).not.toMatch(/[:-] [&*]\w/)
  }
})

test('a file of the host that a service reads is mounted read-only, and named by its key', () => {
  const { 'session-recorder': recorder } = makeCompose('sessions', catalog, {})?.services ?? {}
  expect(recorder?.environment).toMatchObject({ MACHINE_ID_FILE: '/run/lucid/MACHINE_ID' })
  expect(recorder?.volumes).toContainEqual({
    type: 'bind',
    source: '/etc/machine-id',
    target: '/run/lucid/MACHINE_ID',
    read_only: true,
    bind: { create_host_path: false },
  })
})
