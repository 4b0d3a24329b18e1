import { describe, expect, test } from 'bun:test'
import { diagnose, findFaults, rules } from './diagnose.ts'
import { attachedTo, container, facts, type HostChange, service } from './facts.fixture.ts'
import type { Facts } from './facts.ts'
import type { Walked } from './inspect/inside.ts'

const kinds = (of: Facts) => findFaults(of).map(({ kind, subject }) => `${kind} ${subject}`)
const one = service('merkle-builder')

const INSTALLATION = '01234567-89ab-4cde-8f01-23456789abcd'
const MARK = JSON.stringify({ v: 1, installation: INSTALLATION, volume: 'lucid_sessions_data' })

const walk = (more: Partial<Walked> = {}): Walked => ({
  name: 'lucid_sessions_data',
  uid: 65532,
  gid: 65532,
  mark: '',
  mode: 0o700,
  entries: 3,
  foreign: 0,
  foreignPaths: [],
  closed: 0,
  closedPaths: [],
  cut: false,
  size: 1e9,
  free: 5e8,
  inodes: 0.1,
  readOnly: false,
  largest: [],
  ...more,
})
const storing = service('merkle-builder', { volumes: [{ name: 'lucid_sessions_data', target: '/data' }] })

/** An engine whose kernel limits no memory. */
const unlimited: HostChange['engine'] = {
  is: 'up',
  version: '28',
  root: '/',
  limitsMemory: false,
  platform: 'linux/arm64',
}

test('a host on which all is well has nothing', () => {
  expect(diagnose(facts([one, service('session-chunker')]))).toEqual([])
})

test('each form of a fault has a name of its own', () => {
  const names = Object.values(rules).flatMap((all) => all.map(({ kind }) => kind))
  expect(new Set(names).size).toBe(names.length)
})

describe('a container that does not start', () => {
  test.each([
    ['is not there', [], 'never-made merkle-builder'],
    ['was stopped', [container('merkle-builder', { status: 'exited', exitCode: 143 })], 'stopped merkle-builder'],
    ['is paused', [container('merkle-builder', { status: 'paused' })], 'paused merkle-builder'],
    [
      'ends with 78 again and again',
      [container('merkle-builder', { status: 'restarting', exitCode: 78, restarts: 5 })],
      'configuration merkle-builder',
    ],
    [
      'ends with 78 again and again, and runs at this moment',
      [container('merkle-builder', { exitCode: 78, restarts: 5, startedAt: 9_999_000, health: 'starting' })],
      'configuration merkle-builder',
    ],
    [
      'has no program',
      [
        container('merkle-builder', {
          status: 'created',
          exitCode: 127,
          error: 'exec: "/app/main": stat /app/main: no such file or directory: unknown',
        }),
      ],
      'no-program merkle-builder',
    ],
    [
      'was ended for want of memory',
      [container('merkle-builder', { status: 'restarting', exitCode: 137, oomKilled: true })],
      'out-of-memory merkle-builder',
    ],
    [
      'cannot open enough files',
      [
        container('merkle-builder', {
          status: 'created',
          error: 'error setting rlimit type 7: operation not permitted',
        }),
      ],
      'engine-refuses merkle-builder',
    ],
    [
      'starts for ever',
      [container('merkle-builder', { health: 'starting', startedAt: 1_000_000 })],
      'never-well merkle-builder',
    ],
  ])('%s', (_, containers, expected) => {
    expect(kinds(facts([one], containers))).toEqual([expected])
  })

  test('has an image for another processor', () => {
    const host = facts([one], [container('merkle-builder', { status: 'restarting', exitCode: 255, restarts: 4 })], {
      images: { 'lucid:one': 'linux/amd64' },
    })
    expect(kinds(host)).toEqual(['wrong-platform merkle-builder'])
    expect(findFaults(host)[0]?.repair).toEqual([{ on: 'here', line: 'bun run deploy:pi' }])
  })

  test('whose port another container has: that one is named, stopped, and then it is made', () => {
    const error =
      'driver failed programming external connectivity on endpoint merkle-builder: Bind for 127.0.0.1:8092 failed: port is already allocated'
    const other = container('other', { published: [{ ip: '127.0.0.1', host: 8092, target: 80 }], project: '' })
    const [found] = findFaults(facts([one], [container('merkle-builder', { status: 'created', error }), other]))
    expect(found).toMatchObject({
      kind: 'port-taken',
      cause: 'container other has port 8092 of the host',
      repair: [
        { on: 'host', line: 'docker stop other' },
        { on: 'here', line: 'bun run recover service merkle-builder' },
      ],
    })
  })

  test('that a program of the host keeps from its port', () => {
    const error = 'Error starting userland proxy: listen tcp4 127.0.0.1:8092: bind: address already in use'
    const host = facts([one], [container('merkle-builder', { status: 'created', error })], {
      host: { diagnosis: { listeners: [{ ip: '127.0.0.1', port: 8092, who: 'python3', pid: 77 }] } },
    })
    expect(findFaults(host)[0]?.repair[0]).toEqual({ on: 'host', line: 'sudo kill 77' })
  })

  test('as its release has it goes back to the release before; one made by hand is made as the release has it', () => {
    const ended = container('merkle-builder', { status: 'dead', exitCode: 1, configHash: 'a' })
    const repairOf = (hash: string) =>
      findFaults(facts([service('merkle-builder', { hash })], [ended], { host: { diagnosis: { previous: true } } }))[0]
        ?.repair
    expect(repairOf('a')).toEqual([{ on: 'here', line: 'bun run rollback' }])
    expect(repairOf('b')).toEqual([{ on: 'here', line: 'bun run recover service merkle-builder' }])
  })

  test('behind a profile is missed only where it was once started', () => {
    expect(kinds(facts([service('session-recorder', { profiles: ['recording'] })], []))).toEqual([])
  })

  test('that runs once and has ended with 0 is well', () => {
    const init = service('mongo-init', { once: true })
    expect(kinds(facts([init], [container('mongo-init', { status: 'exited', restartPolicy: 'on-failure' })]))).toEqual(
      [],
    )
  })

  test('tells its secret that is gone from a mounted file that is gone', () => {
    const host = facts(
      [service('merkle-builder', { files: [{ path: '/mnt/myssd/Lucid/secrets/a/B', secret: true }] })],
      undefined,
      { files: { '/mnt/myssd/Lucid/secrets/a/B': { kind: 'missing' } }, host: { diagnosis: { backups: true } } },
    )
    expect(findFaults(host)[0]).toMatchObject({
      kind: 'no-file',
      repair: [
        { line: 'bun run restore --identity "$LUCID_BACKUP_IDENTITY" --into /mnt/myssd/Lucid/restored' },
        { on: 'host' },
        { line: 'bun run recover secrets' },
      ],
    })
  })
})

describe('a network', () => {
  test('whose addresses a route of the host takes, and not one that is wider', () => {
    const route = (to: string) => [{ subnet: to, device: 'wg0' }]
    expect(kinds(facts([one], undefined, { host: { routes: route('172.22.0.128/25') } }))).toEqual([
      'route-clash lucid_chain_net',
    ])
    expect(kinds(facts([one], undefined, { host: { routes: route('172.16.0.0/12') } }))).toEqual([])
  })

  test('in which a name is not known, and one that is known but does not answer', () => {
    const dialled = (fault: string, addresses: readonly string[]) => ({
      'session-chunker': [{ host: 'merkle-builder', port: 8092, addresses, fault }],
    })
    const both = [one, service('session-chunker')]
    expect(kinds(facts(both, undefined, { dialled: dialled('ENOTFOUND', []) }))).toEqual(['no-name merkle-builder'])
    expect(kinds(facts(both, undefined, { dialled: dialled('ECONNREFUSED', ['172.22.0.2']) }))).toEqual([
      'no-way merkle-builder',
    ])
    const dropped = findFaults(facts(both, undefined, { dialled: dialled('ETIMEDOUT', ['172.22.0.2']) }))
    expect(dropped[0]?.repair).toEqual([{ on: 'host', line: 'sudo systemctl restart docker' }])
  })

  test('whose container still has the network that was there before it', () => {
    const host = facts([one], [container('merkle-builder', { networks: attachedTo({ lucid_chain_net: 'old' }) })])
    expect(kinds(host)).toEqual(['not-attached merkle-builder'])
  })

  test('a clock that is wrong is the cause of a tor that does not join', () => {
    const tor = service('tor-proxy')
    const host = facts(
      [tor],
      [container('tor-proxy', { health: 'unhealthy', healthOutput: 'status 503: {"bootstrap":"5 %: clock skew"}' })],
      { ahead: -7200 },
    )
    const [found, ...more] = diagnose(host)
    expect(more).toEqual([])
    expect(found).toMatchObject({
      kind: 'wrong-clock',
      what: 'its clock is 7200 s behind this machine’s',
      repair: [{ line: 'sudo date -u -s @17200' }, { line: 'sudo timedatectl set-ntp true' }],
      consequences: [{ kind: 'tor-not-joined' }],
    })
  })

  test('a host without a name server', () => {
    expect(kinds(facts([one], undefined, { host: { diagnosis: { nameServers: [] } } }))).toEqual([
      'no-name-server host',
    ])
  })
})

describe('a volume', () => {
  test.each([
    ['of another owner', { uid: 0 }, 'wrong-owner'],
    ['with files of another owner', { foreign: 1, foreignPaths: ['a (0:0)'] }, 'foreign-files'],
    ['that is closed to its owner', { mode: 0o000 }, 'closed'],
    ['that is full', { free: 1e6 }, 'full'],
    ['without inodes', { inodes: 0.99 }, 'no-inodes'],
    ['that can only be read', { readOnly: true }, 'read-only'],
  ])('%s', (_, more, kind) => {
    const host = facts([storing], undefined, { walked: { lucid_sessions_data: walk(more) } })
    expect(kinds(host)).toEqual([`${kind} lucid_sessions_data`])
  })

  test.each([
    ['emptied', { entries: 0 }, 'lost-volume', '--empty'],
    ['replaced', { entries: 3 }, 'lost-volume', '--adopt'],
    ['that of another host', { mark: MARK.replace('0123', 'fedc'), entries: 3 }, 'lost-volume', '--adopt'],
    ['its own', { mark: MARK, entries: 1 }, undefined, undefined],
  ])('that is %s is told from its own by its mark', (_, more, kind, flag) => {
    const host = facts([storing], undefined, {
      host: { installation: INSTALLATION },
      walked: { lucid_sessions_data: walk(more) },
    })
    expect(kinds(host)).toEqual(kind === undefined ? [] : [`${kind} lucid_sessions_data`])
    expect(findFaults(host)[0]?.remedy).toBe(flag && `bun run recover volume lucid_sessions_data ${flag}`)
  })

  test('that is gone comes from a backup, or empty where there is none', () => {
    const { readiness } = facts([storing]).host
    const lost = (backups: boolean) =>
      findFaults(
        facts([storing], undefined, { host: { readiness: { ...readiness, volumes: [] }, diagnosis: { backups } } }),
      )[0]?.repair
    expect(lost(true)).toEqual([{ on: 'here', line: 'bun run recover volume lucid_sessions_data' }])
    expect(lost(false)).toEqual([{ on: 'here', line: 'bun run recover volume lucid_sessions_data --empty' }])
  })

  test('secrets that are open, closed or empty are told apart', () => {
    const path = '/mnt/myssd/Lucid/secrets/a/KEY'
    const holder = service('merkle-builder', { files: [{ path, secret: true }] })
    const kindsWith = (mode: string, uid: number, size = 65) =>
      kinds(facts([holder], undefined, { files: { [path]: { kind: 'file', mode, uid, size } } }))
    expect(kindsWith('r--------', 65532)).toEqual([])
    expect(kindsWith('r--------', 0)).toEqual([`closed-file ${path}`])
    expect(kindsWith('rw-r--r--', 65532)).toEqual([`open-secret ${path}`])
    expect(kindsWith('r--------', 65532, 0)).toEqual([`empty-secret ${path}`])
  })
})

describe('a slow host', () => {
  test.each([
    [{ throttled: 0x50005 }, 'under-voltage', '0x50005: under-voltage now, throttled now, under-voltage since'],
    [{ throttled: 0x80008 }, 'heat', '0x80008: soft temperature limit now'],
    [{ temperature: 86.4 }, 'heat', 'thermal_zone0: 86.4 C'],
    [
      { engine: unlimited, diagnosis: { cmdline: 'cgroup_disable=memory' } },
      'no-memory-limits',
      'cgroup_disable=memory',
    ],
    [{ load: [0, 9, 0] }, 'load', '/proc/loadavg: 9'],
    [{ diagnosis: { swapping: 4000 } }, 'swapping', '4000 pages'],
    [{ diagnosis: { ioPressure: 71 } }, 'slow-disk', '71 %'],
    [{ diagnosis: { waits: [{ device: 'mmcblk0', ms: 900, operations: 30 }] } }, 'slow-disk', 'mmcblk0 took 900 ms'],
    [{ memory: { total: 8e9, available: 2e8, swapTotal: 0, swapFree: 0 } }, 'host-memory', 'MemAvailable'],
  ] satisfies readonly (readonly [HostChange, string, string])[])('%j', (host, kind, evidence) => {
    const found = findFaults(facts([one], undefined, { host }))
    expect(found.map((each) => each.kind)).toEqual([kind])
    expect(found[0]?.evidence).toContain(evidence)
  })

  test('both throttled by heat and never by a weak supply is heat alone', () => {
    expect(kinds(facts([one], undefined, { host: { throttled: 0xc000c } }))).toEqual(['heat host'])
  })

  test('a container near its limits', () => {
    const id = container('merkle-builder').id
    const near = (more: object, memoryUsed = 0) =>
      kinds(
        facts([one], [container('merkle-builder', { memoryUsed })], {
          host: {
            diagnosis: {
              limitUse: { [id]: { pids: 1, pidsMax: 128, pidsRefused: 0, periods: 10, throttled: 0, ...more } },
            },
          },
        }),
      )
    expect(near({})).toEqual([])
    expect(near({}, 2 ** 25 * 0.95)).toEqual(['memory-limit merkle-builder'])
    expect(near({ pids: 127 })).toEqual(['process-limit merkle-builder'])
    expect(near({ throttled: 9 })).toEqual(['processor-limit merkle-builder'])
  })

  test('on a kernel without the memory control group, limits of 0 are its and nobody’s change', () => {
    const host = facts([one], [container('merkle-builder', { memoryLimit: 0 })], { host: { engine: unlimited } })
    expect(kinds(host)).toEqual(['no-memory-limits host'])
  })
})

describe('a root cause', () => {
  const unwell = (name: string) => container(name, { health: 'unhealthy', healthOutput: 'mongo: no answer' })

  test('is told once, with all that it brings down under it', () => {
    const names = ['a', 'b', 'c', 'd']
    const host = facts(
      [service('mongo', { container: 'lucid_mongo' }), ...names.map((name) => service(name, { needs: ['mongo'] }))],
      [container('lucid_mongo', { status: 'exited', exitCode: 143 }), ...names.map(unwell)],
    )
    const [root, ...others] = diagnose(host)
    expect(others).toEqual([])
    expect(root).toMatchObject({ kind: 'stopped', subject: 'mongo' })
    expect(root?.consequences.map(({ subject }) => subject)).toEqual(names)
  })

  test('reaches through a service that is itself a consequence', () => {
    const host = facts(
      [service('a'), service('b', { needs: ['a'] }), service('c', { needs: ['b'] })],
      [container('a', { status: 'paused' }), unwell('b'), unwell('c')],
    )
    expect(diagnose(host).map(({ subject, consequences }) => [subject, consequences.length])).toEqual([['a', 2]])
  })

  test('does not swallow what has a cause of its own', () => {
    const host = facts(
      [service('a'), service('b', { needs: ['a'] })],
      [
        container('a', { status: 'paused' }),
        container('b', { health: 'unhealthy', healthOutput: 'EACCES: permission denied' }),
      ],
    )
    expect(diagnose(host).map(({ subject }) => subject)).toEqual(['a', 'b'])
  })

  test('of two that need each other keeps both in sight', () => {
    const host = facts([service('a', { needs: ['b'] }), service('b', { needs: ['a'] })], [unwell('a'), unwell('b')])
    const told = diagnose(host).flatMap(({ subject, consequences }) => [
      subject,
      ...consequences.map((each) => each.subject),
    ])
    expect(told.toSorted()).toEqual(['a', 'b'])
  })

  test('in a volume explains the service that cannot use it', () => {
    const host = facts([storing], [unwell('merkle-builder')], { walked: { lucid_sessions_data: walk({ uid: 0 }) } })
    expect(diagnose(host)).toMatchObject([
      { kind: 'wrong-owner', consequences: [{ kind: 'unhealthy', subject: 'merkle-builder' }] },
    ])
  })
})
