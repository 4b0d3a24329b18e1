import { describe, expect, test } from 'bun:test'
import { stacks } from '#catalog'
import { secretKeys, services } from './compose.fixture.ts'
import { composeOf } from './compose.ts'
import { breaches, type Files, fileRules, rulesOfAll, serviceRules } from './compose-rules.ts'

// biome-ignore lint/suspicious/noExplicitAny: a planted violation is by nature no well-typed file
type Wild = any

const files = (): Record<string, Wild> =>
  Object.fromEntries(
    stacks.flatMap((stack) => {
      const file = composeOf(stack, services, secretKeys)
      return file ? [[stack, JSON.parse(JSON.stringify(file))]] : []
    }),
  )

test('what the planner writes keeps every rule', () => {
  expect(Object.keys(files())).toEqual(['core', 'sessions', 'blockchain'])
  expect(breaches(files())).toEqual([])
})

/** For each rule, ways to break it in the service `maker` of the sessions file. */
const brokenServices: Readonly<Record<keyof typeof serviceRules, readonly ((service: Wild) => unknown)[]>> = {
  image: [(s) => (s.image = 'pickme/lucid:other'), (s) => delete s.image],
  'container name': [(s) => delete s.container_name],
  'user lucid': [(s) => delete s.user, (s) => (s.user = '0:0')],
  'read-only root': [(s) => (s.read_only = false), (s) => delete s.read_only],
  'tmpfs /tmp': [
    (s) => (s.tmpfs = ['/tmp:rw,exec,nosuid,size=16m']),
    (s) => s.tmpfs.push('/run'),
    (s) => delete s.tmpfs,
  ],
  'no capabilities': [
    (s) => delete s.cap_drop,
    (s) => (s.cap_drop = ['NET_RAW']),
    (s) => (s.cap_add = ['NET_ADMIN']),
  ],
  'no new privileges': [(s) => delete s.security_opt, (s) => s.security_opt.push('seccomp:unconfined')],
  'not privileged': [
    (s) => (s.privileged = true),
    (s) => (s.network_mode = 'host'),
    (s) => (s.devices = ['/dev/kvm']),
  ],
  'memory limit': [(s) => delete s.mem_limit, (s) => (s.mem_limit = '0m')],
  'cpu limit': [(s) => delete s.cpus],
  'pids limit': [(s) => delete s.pids_limit, (s) => (s.pids_limit = -1)],
  'bounded logs': [(s) => delete s.logging, (s) => delete s.logging.options['max-file']],
  'exec-form health check': [
    (s) => delete s.healthcheck,
    (s) => (s.healthcheck.test = ['CMD-SHELL', 'curl localhost']),
    (s) => (s.healthcheck.test = 'bun health.js'),
  ],
  restart: [(s) => delete s.restart, (s) => (s.restart = 'always')],
  'stop grace period': [(s) => delete s.stop_grace_period],
  labels: [
    (s) => delete s.labels,
    (s) => delete s.labels['org.lucid.cluster'],
    (s) => (s.labels['org.lucid.stage'] = 'core'),
    (s) => (s.labels['org.lucid.plane'] = 'all'),
  ],
  'loopback ports': [(s) => s.ports.push('9000:9000'), (s) => s.ports.push('0.0.0.0:9000:9000')],
  'env file of its stack': [(s) => (s.env_file = ['../env/.env.core'])],
  'secrets as files': [
    (s) => (s.environment.IDENTITY_KEY = 'ab'),
    (s) => delete s.environment.IDENTITY_KEY_FILE,
    (s) => (s.secrets[0].source = 'unknown'),
  ],
  'dependencies inside the file': [
    (s) => (s.depends_on.payer = { condition: 'service_healthy' }),
    (s) => (s.depends_on.late = { condition: 'service_healthy' }),
  ],
  'declared networks': [(s) => s.networks.push('lucid_core_net'), (s) => delete s.networks],
  'declared volumes': [(s) => s.volumes.push('lucid_chain_data:/data')],
  'no other bind mount': [
    (s) => s.volumes.push({ type: 'bind', source: '/var/run/docker.sock', target: '/var/run/docker.sock' }),
    (s) => (s.volumes[0].read_only = false),
  ],
}

describe('every service rule catches what breaks it', () => {
  test('there is a planted breach for each', () => {
    expect(Object.keys(brokenServices)).toEqual(Object.keys(serviceRules))
  })
  for (const [rule, ways] of Object.entries(brokenServices))
    for (const [at, plant] of ways.entries())
      test(`${rule}, way ${at + 1}`, () => {
        const planted = files()
        plant(planted['sessions'].services.maker)
        expect(breaches(planted)).toEqual([`sessions/maker: ${rule}`])
      })
})

const brokenFiles: Readonly<Record<keyof typeof fileRules, readonly ((all: Wild) => unknown)[]>> = {
  'project name': [(all) => delete all.sessions.name, (all) => (all.sessions.name = 'lucid-core')],
  networks: [
    (all) => delete all.sessions.networks.lucid_chain_net.external,
    (all) => delete all.sessions.networks.lucid_chain_net.name,
    (all) => (all.sessions.networks.other = { name: 'other', external: true }),
    (all) => delete all.core.networks.lucid_wallet_net.internal,
    (all) => (all.core.networks.lucid_core_net.ipam.config[0].subnet = '10.0.0.0/8'),
    (all) => delete all.core.networks.lucid_rdp_net,
  ],
  volumes: [
    (all) => delete all.sessions.volumes.lucid_sessions_data.name,
    (all) => (all.sessions.volumes.mine = { name: 'mine' }),
  ],
  'secrets under the state folder': [(all) => (all.sessions.secrets['maker-IDENTITY_KEY'].file = './key')],
}

describe('every file rule catches what breaks it', () => {
  test('there is a planted breach for each', () => {
    expect(Object.keys(brokenFiles)).toEqual(Object.keys(fileRules))
  })
  for (const [rule, ways] of Object.entries(brokenFiles))
    for (const [at, plant] of ways.entries())
      test(`${rule}, way ${at + 1}`, () => {
        const planted = files()
        plant(planted)
        expect(breaches(planted).map((breach) => breach.split(': ')[1])).toEqual([rule])
      })
})

const brokenTogether: Readonly<Record<keyof typeof rulesOfAll, (all: Wild) => unknown>> = {
  'unique host ports': (all) => (all.blockchain.services.payer.ports = ['127.0.0.1:8090:8097']),
  'unique services': (all) => {
    const { keeper } = structuredClone(all.sessions.services)
    keeper.ports = []
    keeper.labels['org.lucid.stage'] = 'blockchain'
    keeper.env_file = ['../env/.env.blockchain']
    all.blockchain.services.keeper = keeper
    all.blockchain.secrets = all.sessions.secrets
    all.blockchain.volumes = all.sessions.volumes
  },
  'memory budget': (all) => (all.sessions.services.maker.mem_limit = '6200m'),
}

describe('every rule across files catches what breaks it', () => {
  test('there is a planted breach for each', () => {
    expect(Object.keys(brokenTogether)).toEqual(Object.keys(rulesOfAll))
  })
  for (const [rule, plant] of Object.entries(brokenTogether))
    test(rule, () => {
      const planted: Files & Record<string, Wild> = files()
      plant(planted)
      expect(breaches(planted).map((breach) => breach.split(': ')[0])).toEqual([rule])
    })
})
