import { describe, expect, test } from 'bun:test'
import type { Container } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Deployed } from '#common/host/facts/deployed'
import type { NetworkFact } from '#common/host/facts/networks'
import { sampleRelease } from '../content/release.fixture.ts'
import type { Release } from '../content/release.ts'
import { expectFromCompose } from '../expected/compose.ts'
import { host } from '../host/preflight.fixture.ts'
import { type DriftInput, formatDrift } from './drift.ts'
import { findDrift } from './find-drift.ts'

/** A host that is as its release says: a gate with a guest in its network, on a network with a volume, a file and a secret. */

const file = {
  name: 'lucid-core',
  services: {
    gate: {
      image: 'local/test:gate-1',
      container_name: 'gate',
      user: '65532:65532',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: '64m',
      cpus: 1,
      pids_limit: 128,
      restart: 'unless-stopped',
      networks: ['lucid_core_net'],
      ports: ['127.0.0.1:8080:80'],
      volumes: ['data:/data', { type: 'bind', source: '/lucid/files/aa/start.sh', target: '/s' }],
      secrets: [{ source: 'key', target: 'KEY' }],
      healthcheck: { test: ['CMD', 'true'] },
    },
    guest: {
      image: 'local/test:guest-1',
      container_name: 'guest',
      network_mode: 'service:gate',
      restart: 'unless-stopped',
      healthcheck: { test: ['CMD', 'true'] },
    },
  },
  networks: { lucid_core_net: { ipam: { config: [{ subnet: '172.21.0.0/24' }] } } },
  volumes: { data: { name: 'lucid_sessions_data' } },
  secrets: { key: { file: '/lucid/secrets/gate/KEY' } },
}
const SUM = 'ab'.repeat(32)
const HASH = 'cd'.repeat(32)
const CONFIG = `sha256:${'1'.repeat(64)}`
const NET = 'e'.repeat(64)
const empty = { core: { gate: 1, guest: 1 }, sessions: {}, blockchain: {}, integration: {} }
const sample = sampleRelease({ id: 'r-1', services: empty })
const release: Release = {
  ...sample,
  images: sample.images.map((image) => ({ ...image, config: CONFIG })),
  files: { 'compose.core.yaml': SUM },
  support: { 'files/aa/start.sh': SUM },
}
const deployed: Deployed = {
  release: 'r-1',
  sums: { 'releases/r-1/compose.core.yaml': SUM, 'files/aa/start.sh': SUM, 'files/bb/older.sh': HASH },
  hashes: { core: { gate: HASH, guest: HASH } },
  fileTimes: { 'secrets/gate/KEY': 900_000, 'files/aa/start.sh': 900_000, 'secrets/other/KEY': 2_000_000 },
}
const attached = (...names: readonly string[]): Container['networks'] =>
  Object.fromEntries(names.map((name) => [name, { id: NET, names: [], address: '', gateway: '' }]))
const volume = (name: string) => ({ type: 'volume', name, source: '' })
const bind = (source: string) => ({ type: 'bind', name: '', source })
const gate = makeContainer('gate', {
  image: 'local/test:gate-1',
  imageId: CONFIG,
  configHash: HASH,
  memoryLimit: 64 * 2 ** 20,
  networks: attached('lucid_core_net'),
  bindings: [{ ip: '127.0.0.1', host: 8080, target: 80 }],
  mounts: [volume('lucid_sessions_data'), bind('/lucid/files/aa/start.sh'), bind('/lucid/secrets/gate/KEY')],
})
const guest = makeContainer('guest', {
  image: 'local/test:guest-1',
  imageId: CONFIG,
  configHash: HASH,
  user: '',
  readOnlyRoot: false,
  capDrop: [],
  securityOpt: [],
  networkMode: 'container:x',
})
const network: NetworkFact = {
  id: NET,
  name: 'lucid_core_net',
  internal: false,
  unrouted: false,
  ofCompose: true,
  subnets: ['172.21.0.0/24'],
  device: 'br-1',
  containers: ['gate'],
}

type Change = {
  readonly gate?: Partial<Container>
  readonly containers?: readonly Container[]
  readonly deployed?: Partial<Deployed>
  readonly networks?: readonly NetworkFact[]
}
const makeInput = (change: Change): DriftInput => ({
  dir: '/lucid',
  release,
  expected: expectFromCompose([{ stack: 'core', file, hashes: {} }], { needs: {}, planned: {}, release: 'r-1' }),
  facts: {
    ...host,
    containers: change.containers ?? [{ ...gate, ...change.gate }, guest],
    networks: change.networks ?? [network],
    deployed: { ...deployed, ...change.deployed },
  },
})
const drift = (change: Change) => findDrift(makeInput(change)).map(formatDrift)
const made = (more: Partial<Container>): Change => ({ gate: more })
const sums = (more: Readonly<Record<string, string>>): Change => ({ deployed: { sums: { ...deployed.sums, ...more } } })
const NETWORK_GUEST = 'guest: lives in the network of gate, which is made anew'

describe('drift', () => {
  test('is none on a host that is as its release says', () => expect(drift({})).toEqual([]))

  const altered: readonly (readonly [Change, string])[] = [
    [made({ imageId: `sha256:${'2'.repeat(64)}` }), 'its image is sha256:222222222222, not that of the release'],
    [made({ memoryLimit: 2 ** 20 }), 'memory 1 MiB instead of 64 MiB'],
    [made({ cpus: 0 }), 'processor 0 instead of 1'],
    [made({ pidsLimit: 0 }), 'processes 0 instead of 128'],
    [made({ user: '' }), 'its user is none, not 65532:65532'],
    [made({ restartPolicy: 'no' }), 'its restart policy is no, not unless-stopped'],
    [made({ readOnlyRoot: false }), 'its root can be written'],
    [made({ privileged: true }), 'it is privileged'],
    [made({ capAdd: ['CAP_SYS_ADMIN'] }), 'with the added capabilities SYS_ADMIN'],
    [made({ capDrop: [] }), 'without the dropped capabilities ALL'],
    [made({ securityOpt: [] }), 'without the security options no-new-privileges:true'],
    [made({ bindings: [] }), 'without port 127.0.0.1:8080:80'],
    [
      made({ bindings: [{ ip: '0.0.0.0', host: 8080, target: 80 }] }),
      'without port 127.0.0.1:8080:80 and with port 0.0.0.0:8080:80',
    ],
    [made({ mounts: gate.mounts.slice(1) }), 'without volume lucid_sessions_data'],
    [made({ mounts: [...gate.mounts, volume('theirs')] }), 'with volume theirs'],
    [made({ mounts: [...gate.mounts, bind('/etc')] }), 'with file /etc'],
    [made({ networks: {} }), 'without network lucid_core_net'],
    [made({ networks: attached('lucid_core_net', 'lucid_wallet_net') }), 'with network lucid_wallet_net'],
    [{ networks: [{ ...network, id: 'f'.repeat(64) }] }, 'on lucid_core_net as it was before that was made anew'],
    [{ deployed: { fileTimes: { 'secrets/gate/KEY': 1_000_001 } } }, 'secrets/gate/KEY was changed after it started'],
    [{ deployed: { fileTimes: { 'files/aa/start.sh': 1_000_001 } } }, 'files/aa/start.sh was changed after it started'],
  ]
  for (const [change, said] of altered)
    test(`of a container that Compose would not see is made anew, with who lives in its network: ${said}`, () => {
      expect(drift(change)).toEqual([`gate: ${said}`, NETWORK_GUEST])
      expect(findDrift(makeInput(change)).map(({ remake, stack }) => [remake, stack])).toEqual([
        ['gate', 'core'],
        ['guest', 'core'],
      ])
    })

  test('a container in the network of another is not judged by its hash, which holds an id', () => {
    expect(drift({ containers: [gate, { ...guest, configHash: 'ef'.repeat(32) }] })).toEqual([])
  })

  const seen: readonly (readonly [Change, string])[] = [
    [{ containers: [guest] }, 'gate: gate is missing'],
    [made({ image: 'theirs:1' }), 'gate: gate is theirs:1'],
    [made({ status: 'paused' }), 'gate: gate is paused'],
    [made({ health: 'unhealthy' }), 'gate: gate is unhealthy'],
    [made({ configHash: 'ef'.repeat(32) }), 'gate: was not made from the file of the release'],
    [
      { containers: [gate, guest, makeContainer('old', { project: 'lucid-core' })] },
      'container:old: is not of the release',
    ],
    [
      sums({ 'releases/r-1/compose.core.yaml': HASH }),
      'file:releases/r-1/compose.core.yaml: was changed by hand, or went bad on the disk',
    ],
    [sums({ 'files/aa/start.sh': HASH }), 'file:files/aa/start.sh: was changed by hand, or went bad on the disk'],
    [{ deployed: { sums: { 'files/aa/start.sh': SUM } } }, 'file:releases/r-1/compose.core.yaml: is gone'],
    [
      { networks: [{ ...network, subnets: ['10.0.0.0/24'] }] },
      'network:lucid_core_net: is 10.0.0.0/24, not 172.21.0.0/24',
    ],
    [
      { networks: [{ ...network, internal: true, unrouted: false }] },
      'network:lucid_core_net: has no way out, and should have',
    ],
    [
      { networks: [{ ...network, containers: ['gate', 'stranger'] }] },
      'network:lucid_core_net: stranger is on it, which is not of the release',
    ],
  ]
  for (const [change, said] of seen)
    test(`that a deploy sees by itself: ${said}`, () => {
      expect(drift(change)).toContain(said)
      expect(findDrift(makeInput(change)).every(({ remake }) => remake === undefined)).toBe(true)
    })

  test('of a network that was deleted is that of its members, too', () => {
    expect(drift({ networks: [] })).toEqual([
      'network:lucid_core_net: is gone',
      'gate: on lucid_core_net as it was before that was made anew',
      NETWORK_GUEST,
    ])
  })

  test('is none where a container was started by hand from a file of the release, or is somebody else’s', () => {
    const byHand = makeContainer('run-1', { oneoff: true })
    const theirs = makeContainer('db', { project: 'theirs' })
    expect(drift({ containers: [gate, guest, byHand, theirs] })).toEqual([])
    expect(
      drift({ containers: [gate, guest, byHand], networks: [{ ...network, containers: ['gate', 'run-1'] }] }),
    ).toEqual([])
  })

  test('is not told of memory where the kernel limits none', () => {
    const input = makeInput(made({ memoryLimit: 0 }))
    const engine = { ...host.engine, limitsMemory: false } as typeof host.engine // the engine of the fixture is up
    expect(findDrift({ ...input, facts: { ...input.facts, engine } })).toEqual([])
  })
})
