import { describe, expect, test } from 'bun:test'
import type { Container } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import { containerRows, networkRows } from './container-rows.ts'
import type { ExpectedContainer } from './expected.ts'
import type { PlatformStatus } from './inspect-platform.ts'

const expected: ExpectedContainer = {
  service: 'alpha',
  container: 'alpha',
  image: 'lucid:alpha',
  proof: { kind: 'healthy', command: ['/usr/local/bin/bun', '/app/health.js'] },
  ours: true,
  user: '65532:65532',
  memory: 64 * 2 ** 20,
  cpus: 0.5,
  pids: 128,
  logs: { 'max-size': '10m', 'max-file': '3' },
  networks: ['lucid_core_net'],
  ports: { '8090': '8190' },
}

const net = (more: object = {}) => ({ id: 'n1', names: [], address: '172.21.0.2', gateway: '172.21.0.1', ...more })

const good: Container = makeContainer('alpha', {
  image: 'lucid:alpha',
  memoryLimit: 64 * 2 ** 20,
  memoryUsed: 16 * 2 ** 20,
  cpus: 0.5,
  published: [{ ip: '127.0.0.1', host: 8190, target: 8090 }],
  networks: { lucid_core_net: net() },
  mounts: [{ type: 'bind', name: '', source: '/mnt/myssd/Lucid/identities.json' }],
})
const changed = (more: Partial<Container>): Container => ({ ...good, ...more })

const seen = (is: Container | undefined, more: Partial<PlatformStatus> = {}): PlatformStatus => ({
  containers: new Map(is === undefined ? [] : [['alpha', is]]),
  listening: [{ port: 8190, loopback: true }],
  probed: new Set(['alpha']),
  members: {},
  ...more,
})

const failures = (at: PlatformStatus, of = expected): readonly string[] =>
  containerRows(of, at).flatMap(({ result, check, detail }) => (result === 'FAIL' ? [`${check}: ${detail}`] : []))

describe('a container', () => {
  test('that is as the release says passes every check, with its figures', () => {
    expect(containerRows(expected, seen(good)).map(({ check, result, detail }) => [check, result, detail])).toEqual([
      ['runs as released', 'PASS', 'running, 0 restarts'],
      ['confined', 'PASS', 'user 65532:65532, read-only root, no capability, no new privileges'],
      ['within its limits', 'PASS', '16 MiB of 64 MiB (25 %), 9 of 128 processes, 0.5 cores'],
      ['published on loopback only', 'PASS', '8190'],
      ['on its networks only', 'PASS', 'lucid_core_net'],
      ['healthy from inside', 'PASS', 'its own health check, run now'],
    ])
  })

  const faults: Readonly<Record<string, readonly [Partial<Container>, string]>> = {
    'as root': [{ user: '' }, "confined: runs as root (user ''); the user is '' and not 65532:65532"],
    'as root by number': [
      { user: '0:0' },
      "confined: runs as root (user '0:0'); the user is '0:0' and not 65532:65532",
    ],
    'with a writable root': [{ readOnlyRoot: false }, 'confined: its root can be written'],
    'with all capabilities': [{ capDrop: [] }, 'confined: capabilities are not dropped'],
    'with one capability': [{ capAdd: ['NET_ADMIN'] }, 'confined: has the capabilities NET_ADMIN'],
    'that may gain privileges': [{ securityOpt: [] }, 'confined: may gain privileges'],
    'without seccomp': [
      { securityOpt: ['no-new-privileges', 'seccomp=unconfined'] },
      'confined: is not confined: seccomp=unconfined',
    ],
    'that is privileged': [{ privileged: true }, 'confined: is privileged'],
    'with a device': [{ devices: 1 }, 'confined: has devices'],
    'with the engine’s socket': [
      { mounts: [{ type: 'bind', name: '', source: '/var/run/docker.sock' }] },
      'confined: mounts /var/run/docker.sock of the host',
    ],
    'with another memory limit': [
      { memoryLimit: 128 * 2 ** 20 },
      'within its limits: the memory limit is 128 MiB and not 64 MiB',
    ],
    'without a memory limit': [{ memoryLimit: 0 }, 'within its limits: the memory limit is 0 B and not 64 MiB'],
    'without a limit of processes': [{ pidsLimit: 0 }, 'within its limits: the limit of processes is none and not 128'],
    'with a log that grows': [{ logMaxSize: '' }, 'within its limits: its log is not bounded as the release says'],
    'that was started again': [{ restarts: 3 }, 'runs as released: it was started again 3 times'],
    'that ran out of memory': [{ oomKilled: true }, 'runs as released: it ran out of memory'],
    'that is stopped': [{ status: 'exited' }, 'runs as released: it is exited'],
    'that is sick': [{ health: 'unhealthy' }, 'runs as released: the engine says unhealthy'],
    'without the health check of its release': [
      { health: 'none' },
      'runs as released: the engine says nothing of its health',
    ],
    'from another image': [{ image: 'other:1' }, 'runs as released: it is made from other:1'],
    'published for everybody': [
      { published: [{ ip: '0.0.0.0', host: 8190, target: 8090 }] },
      'published on loopback only: port 8190 is open on 0.0.0.0',
    ],
    'published at another port': [
      { published: [{ ip: '127.0.0.1', host: 9999, target: 8090 }] },
      'published on loopback only: port 8090 is not at 8190 of the host',
    ],
    'with one more port': [
      { published: [...good.published, { ip: '127.0.0.1', host: 1, target: 1 }] },
      'published on loopback only: port 1 is published at 1, which the release does not say',
    ],
    'on one more network': [
      { networks: { ...good.networks, lucid_chain_net: net({ address: '' }) } },
      'on its networks only: it is on lucid_chain_net too',
    ],
    'off its network': [{ networks: {} }, 'on its networks only: it is not on lucid_core_net'],
  }
  for (const [what, [change, line]] of Object.entries(faults))
    test(`${what} fails, and that alone`, () => expect(failures(seen(changed(change)))).toEqual([line]))

  test('that was paused for a backup a moment ago is no failure', () =>
    expect(failures(seen(changed({ health: 'resumed' })))).toEqual([]))

  test('that does not exist fails in one row', () =>
    expect(failures(seen(undefined))).toEqual(['runs as released: there is no container alpha']))

  test('that is nearly full fails, whatever its limit is', () =>
    expect(failures(seen(changed({ memoryUsed: 60 * 2 ** 20 })))).toEqual([
      'within its limits: it uses 60 MiB of 64 MiB',
    ]))

  test('fails when the host listens on its port for everybody, whatever the engine says', () =>
    expect(failures(seen(good, { listening: [{ port: 8190, loopback: false }] }))).toEqual([
      'published on loopback only: the host listens on port 8190 for everybody',
    ]))

  test('whose own health check fails, fails', () =>
    expect(failures(seen(good, { probed: new Set() }))).toEqual(['healthy from inside: its own health check failed']))

  test('that is run once passes when it has ended with 0, and fails else', () => {
    const once: ExpectedContainer = { ...expected, proof: { kind: 'ends' }, networks: [], ports: {} }
    expect(failures(seen(changed({ status: 'exited' })), once)).toEqual([])
    expect(failures(seen(changed({ status: 'exited', exitCode: 1 })), once)).toEqual([
      'runs as released: it is exited (1)',
    ])
  })
})

test('a stranger on a network of ours is named; a network that cannot be inspected is not run', () => {
  const at = seen(good, { members: { lucid_core_net: ['alpha', 'guest'] } })
  expect(networkRows(['lucid_core_net', 'lucid_chain_net'], [expected], at)).toEqual([
    { check: 'nobody else on the network', subject: 'lucid_core_net', result: 'FAIL', detail: 'guest is on it' },
    {
      check: 'nobody else on the network',
      subject: 'lucid_chain_net',
      result: 'NOT RUN',
      detail: 'the engine did not answer',
    },
  ])
})
