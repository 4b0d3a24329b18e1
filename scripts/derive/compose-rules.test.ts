import { describe, expect, test } from 'bun:test'
import { stacks } from '#catalog'
import { secretKeys, services, stores } from './compose.fixture.ts'
import { makeCompose } from './compose.ts'
import type { Files } from './compose-loose.ts'
import { breaches, exceptions, fileRules, rulesOfAll, serviceRules } from './compose-rules.ts'

// biome-ignore lint/suspicious/noExplicitAny: a planted violation is by nature no well-typed file
type Wild = any

const files = (): Record<string, Wild> =>
  Object.fromEntries(
    stacks.flatMap((stack) => {
      const file = makeCompose(stack, services, secretKeys, stores)
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
  'no capabilities': [(s) => delete s.cap_drop, (s) => (s.cap_drop = ['NET_RAW']), (s) => (s.cap_add = ['NET_ADMIN'])],
  'no new privileges': [(s) => delete s.security_opt, (s) => s.security_opt.push('seccomp:unconfined')],
  'not privileged': [(s) => (s.privileged = true), (s) => (s.network_mode = 'host'), (s) => (s.devices = ['/dev/kvm'])],
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
  'own database user': [
    (s) => delete s.environment.MONGO_URL,
    (s) => (s.environment.MONGO_USER = 'keeper'),
    (s) => (s.environment.MONGO_URL = 'mongodb://maker:ab@lucid_mongo/lucid'),
    (s) => (s.secrets = s.secrets.filter(({ target }: Wild) => target !== 'MONGO_PASSWORD')),
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
    (s) => s.volumes.push({ ...s.volumes[0], source: '/etc/shadow', target: '/run/lucid/MACHINE_ID' }),
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

/** For each exception, ways to break what holds instead, in the core file. */
const brokenExceptions: Readonly<Record<string, Readonly<Record<string, readonly ((s: Wild) => unknown)[]>>>> = {
  mongo: {
    image: [(s) => (s.image = 'mongo:7'), (s) => (s.image = 'mongo:latest')],
    'container name': [(s) => (s.container_name = 'mongo')],
    'user lucid': [(s) => delete s.user, (s) => (s.user = '0:0')],
    'tmpfs /tmp': [
      (s) => (s.tmpfs[0] = '/tmp:rw,exec,nosuid,size=16m'),
      (s) => s.tmpfs.push('/data/db:rw,noexec,nosuid,size=1m'),
      (s) => s.tmpfs.pop(),
    ],
    'exec-form health check': [(s) => delete s.healthcheck, (s) => (s.healthcheck.test = ['CMD', 'mongosh'])],
    'env file of its stack': [(s) => (s.env_file = ['../env/.env.core'])],
    'secrets as files': [
      (s) => (s.environment = { MONGO_INITDB_ROOT_PASSWORD: 'ab' }),
      (s) => s.secrets.push({ source: 'mongo-ROOT_PASSWORD', target: 'ROOT_PASSWORD' }),
      (s) => delete s.secrets,
    ],
    'no other bind mount': [
      (s) => s.volumes.push({ type: 'bind', source: '/', target: '/host', read_only: true, bind: {} }),
      (s) => (s.volumes[1].read_only = false),
    ],
    'own entry': [(s) => delete s.entrypoint],
    'authenticated replica set': [
      (s) => (s.command = s.command.filter((word: string) => !/keyFile|KEYFILE/.test(word))),
      (s) => s.command.push('--noauth'),
      (s) => (s.command[s.command.indexOf('rs0')] = 'other'),
    ],
    'cache within memory': [(s) => (s.mem_limit = '300m'), (s) => (s.command[s.command.length - 1] = '4')],
    'enough open files': [(s) => delete s.ulimits, (s) => (s.ulimits.nofile = 1024)],
    'data on its volume': [(s) => s.volumes.shift()],
  },
  'mongo-init': {
    image: [(s) => (s.image = 'mongo:7')],
    'container name': [(s) => delete s.container_name],
    'not privileged': [(s) => (s.network_mode = 'host'), (s) => delete s.network_mode, (s) => (s.privileged = true)],
    'exec-form health check': [(s) => (s.healthcheck = { test: ['CMD', 'true'] })],
    restart: [(s) => (s.restart = 'always'), (s) => delete s.restart],
    'loopback ports': [(s) => (s.ports = ['127.0.0.1:1:1'])],
    'env file of its stack': [(s) => (s.env_file = ['../env/.env.core'])],
    'secrets as files': [
      (s) => (s.environment.ROOT_PASSWORD = 'ab'),
      (s) => s.secrets.push({ source: 'mongo-KEYFILE', target: 'KEYFILE' }),
      (s) => (s.secrets[1].target = 'MONGO_PASSWORD'),
    ],
    'own database user': [(s) => delete s.environment.MONGO_MEMBERS],
    'declared networks': [(s) => (s.networks = ['lucid_core_net'])],
    'no other bind mount': [(s) => s.volumes.pop(), (s) => (s.volumes[0].source = '/etc/passwd')],
  },
  'server-tools': {
    'exec-form health check': [(s) => (s.healthcheck = { test: ['CMD', 'true'] })],
    'loopback ports': [(s) => (s.ports = ['127.0.0.1:1:1'])],
    restart: [(s) => (s.restart = 'unless-stopped'), (s) => delete s.restart],
    'env file of its stack': [(s) => (s.env_file = ['../env/.env.core'])],
    'no secret': [(s) => (s.secrets = [])],
    'no volume': [(s) => s.volumes.push('lucid_core_mongo_data:/data')],
    'only when asked for': [(s) => delete s.profiles, (s) => (s.profiles = ['recording'])],
  },
}

/** Rules of services of ours that the exceptions leave as they are, and that are broken here once each. */
const stillBroken: Readonly<Record<string, (s: Wild) => unknown>> = {
  'read-only root': (s) => (s.read_only = false),
  'no capabilities': (s) => (s.cap_add = ['CHOWN', 'SETUID', 'SETGID']),
  'no new privileges': (s) => delete s.security_opt,
  'memory limit': (s) => (s.mem_limit = '0m'),
  'pids limit': (s) => delete s.pids_limit,
  'bounded logs': (s) => delete s.logging,
  labels: (s) => delete s.labels,
}

describe('every exception is narrow', () => {
  test('there is a planted breach for each', () => {
    expect(
      Object.fromEntries(Object.entries(brokenExceptions).map(([name, ways]) => [name, Object.keys(ways)])),
    ).toEqual(Object.fromEntries(Object.entries(exceptions).map(([name, rules]) => [name, Object.keys(rules)])))
  })
  for (const [name, rules] of Object.entries(brokenExceptions)) {
    for (const [rule, ways] of Object.entries(rules))
      for (const [at, plant] of ways.entries())
        test(`${name}: ${rule}, way ${at + 1}`, () => {
          const planted = files()
          plant(planted['core'].services[name])
          expect(breaches(planted)).toContain(`core/${name}: ${rule}`)
        })
    for (const [rule, plant] of Object.entries(stillBroken))
      test(`${name} keeps the common rule ${rule}`, () => {
        const planted = files()
        plant(planted['core'].services[name])
        expect(breaches(planted)).toContain(`core/${name}: ${rule}`)
      })
  }
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
