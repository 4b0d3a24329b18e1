import { describe, expect, test } from 'bun:test'
import { containerRows, networkRows } from './container-rows.ts'
import type { Inspected } from './inspected.ts'
import type { LookedAt } from './looked-at.ts'
import type { Promised } from './promised.ts'

const promised: Promised = {
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

/** As Docker 20.10 answered for a container of the committed files. */
const good: Inspected = {
  name: '/alpha',
  image: 'lucid:alpha',
  user: '65532:65532',
  restarts: 0,
  state: {
    Status: 'running',
    ExitCode: 0,
    OOMKilled: false,
    StartedAt: '2026-01-01T00:00:00Z',
    Health: { Status: 'healthy' },
  },
  host: {
    ReadonlyRootfs: true,
    Privileged: false,
    CapAdd: null,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    Memory: 64 * 2 ** 20,
    NanoCpus: 5e8,
    PidsLimit: 128,
    NetworkMode: 'lucid_core_net',
    PidMode: '',
    IpcMode: 'private',
    UTSMode: '',
    Devices: null,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
  },
  ports: { '8090/tcp': [{ HostIp: '127.0.0.1', HostPort: '8190' }] },
  networks: { lucid_core_net: { IPAddress: '172.21.0.2', Gateway: '172.21.0.1' } },
  mounts: [{ Type: 'bind', Source: '/mnt/myssd/Lucid/identities.json', RW: false }],
}

const seen = (is: Inspected | undefined, more: Partial<LookedAt> = {}): LookedAt => ({
  inspected: new Map(is === undefined ? [] : [['alpha', is]]),
  usage: new Map([['alpha', { memory: 16 * 2 ** 20, limit: 64 * 2 ** 20, pids: 9 }]]),
  listening: [{ port: 8190, loopback: true }],
  probed: new Set(['alpha']),
  members: {},
  ...more,
})

const failures = (at: LookedAt, of = promised): readonly string[] =>
  containerRows(of, at).flatMap(({ result, check, detail }) =>
    result === 'FAIL' ? [`${check}: ${detail}`] : [],
  )

const host = (change: Partial<Inspected['host']>): Inspected => ({
  ...good,
  host: { ...good.host, ...change },
})
const state = (change: Partial<Inspected['state']>): Inspected => ({
  ...good,
  state: { ...good.state, ...change },
})

describe('a container', () => {
  test('that is as the release says passes every check, with its figures', () => {
    expect(
      containerRows(promised, seen(good)).map(({ check, result, detail }) => [check, result, detail]),
    ).toEqual([
      ['runs as released', 'PASS', 'running, 0 restarts'],
      ['confined', 'PASS', 'user 65532:65532, read-only root, no capability, no new privileges'],
      ['within its limits', 'PASS', '16 MiB of 64 MiB (25 %), 9 of 128 processes, 0.5 cores'],
      ['published on loopback only', 'PASS', '8190'],
      ['on its networks only', 'PASS', 'lucid_core_net'],
      ['healthy from inside', 'PASS', 'its own health check, run now'],
    ])
  })

  const planted: Readonly<Record<string, readonly [Inspected, string]>> = {
    'as root': [
      { ...good, user: '' },
      "confined: runs as root (user ''); the user is '' and not 65532:65532",
    ],
    'as root by number': [
      { ...good, user: '0:0' },
      "confined: runs as root (user '0:0'); the user is '0:0' and not 65532:65532",
    ],
    'with a writable root': [host({ ReadonlyRootfs: false }), 'confined: its root can be written'],
    'with all capabilities': [host({ CapDrop: null }), 'confined: capabilities are not dropped'],
    'with one capability': [host({ CapAdd: ['NET_ADMIN'] }), 'confined: has the capabilities NET_ADMIN'],
    'that may gain privileges': [host({ SecurityOpt: null }), 'confined: may gain privileges'],
    'without seccomp': [
      host({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] }),
      'confined: is not confined: seccomp=unconfined',
    ],
    'that is privileged': [host({ Privileged: true }), 'confined: is privileged'],
    'with the engine’s socket': [
      { ...good, mounts: [{ Type: 'bind', Source: '/var/run/docker.sock', RW: true }] },
      'confined: mounts /var/run/docker.sock of the host',
    ],
    'with another memory limit': [
      host({ Memory: 128 * 2 ** 20 }),
      'within its limits: the memory limit is 128 MiB and not 64 MiB',
    ],
    'without a memory limit': [
      host({ Memory: 0 }),
      'within its limits: the memory limit is 0 B and not 64 MiB',
    ],
    'without a limit of processes': [
      host({ PidsLimit: null }),
      'within its limits: the limit of processes is none and not 128',
    ],
    'with a log that grows': [
      host({ LogConfig: { Type: 'json-file', Config: null } }),
      'within its limits: its log is not bounded as the release says',
    ],
    'that was started again': [{ ...good, restarts: 3 }, 'runs as released: it was started again 3 times'],
    'that ran out of memory': [state({ OOMKilled: true }), 'runs as released: it ran out of memory'],
    'that is stopped': [state({ Status: 'exited' }), 'runs as released: it is exited'],
    'that is sick': [
      state({ Health: { Status: 'unhealthy' } }),
      'runs as released: the engine says unhealthy',
    ],
    'from another image': [{ ...good, image: 'other:1' }, 'runs as released: it is made from other:1'],
    'published for everybody': [
      { ...good, ports: { '8090/tcp': [{ HostIp: '0.0.0.0', HostPort: '8190' }] } },
      'published on loopback only: port 8190 is open on 0.0.0.0',
    ],
    'published at another port': [
      { ...good, ports: { '8090/tcp': [{ HostIp: '127.0.0.1', HostPort: '9999' }] } },
      'published on loopback only: port 8090 is not at 8190 of the host',
    ],
    'with one more port': [
      { ...good, ports: { ...good.ports, '1/tcp': [{ HostIp: '127.0.0.1', HostPort: '1' }] } },
      'published on loopback only: port 1 is published at 1, which the release does not say',
    ],
    'on one more network': [
      { ...good, networks: { ...good.networks, lucid_chain_net: { IPAddress: '', Gateway: '' } } },
      'on its networks only: it is on lucid_chain_net too',
    ],
    'off its network': [{ ...good, networks: {} }, 'on its networks only: it is not on lucid_core_net'],
  }
  for (const [what, [is, expected]] of Object.entries(planted))
    test(`${what} fails, and that alone`, () => expect(failures(seen(is))).toEqual([expected]))

  test('that does not exist fails in one row', () =>
    expect(failures(seen(undefined))).toEqual(['runs as released: there is no container alpha']))

  test('that is nearly full fails, whatever its limit is', () =>
    expect(
      failures(seen(good, { usage: new Map([['alpha', { memory: 60 * 2 ** 20, limit: 0, pids: 9 }]]) })),
    ).toEqual(['within its limits: it uses 60 MiB of 64 MiB']))

  test('fails when the host listens on its port for everybody, whatever the engine says', () =>
    expect(failures(seen(good, { listening: [{ port: 8190, loopback: false }] }))).toEqual([
      'published on loopback only: the host listens on port 8190 for everybody',
    ]))

  test('whose own health check fails, fails', () =>
    expect(failures(seen(good, { probed: new Set() }))).toEqual([
      'healthy from inside: its own health check failed',
    ]))

  test('that is run once passes when it has ended with 0, and fails else', () => {
    const once: Promised = { ...promised, proof: { kind: 'ends' }, networks: [], ports: {} }
    expect(failures(seen(state({ Status: 'exited' })), once)).toEqual([])
    expect(failures(seen(state({ Status: 'exited', ExitCode: 1 })), once)).toEqual([
      'runs as released: it is exited (1)',
    ])
  })
})

test('a stranger on a network of ours is named; a network that cannot be looked at is not run', () => {
  const at = seen(good, { members: { lucid_core_net: ['alpha', 'guest'] } })
  expect(networkRows(['lucid_core_net', 'lucid_chain_net'], [promised], at)).toEqual([
    {
      check: 'nobody else on the network',
      subject: 'lucid_core_net',
      result: 'FAIL',
      detail: 'guest is on it',
    },
    {
      check: 'nobody else on the network',
      subject: 'lucid_chain_net',
      result: 'NOT RUN',
      detail: 'the engine did not answer',
    },
  ])
})
