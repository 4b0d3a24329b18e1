import { describe, expect, test } from 'bun:test'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Release } from '../content/release.ts'
import { listFaults, preflight } from './preflight.ts'
import type { PreflightHost, PreflightInput } from './preflight-check.ts'
import { isAtLeast, releaseSize } from './preflight-machine.ts'

const layer = (digest: string, size: number) => ({ digest, size, diffId: digest })
const image = (service: string, layers: readonly ReturnType<typeof layer>[]) => ({
  service,
  name: `x:${service}`,
  pull: 'x',
  digest: '',
  manifest: '',
  config: '',
  layers,
})

const release: Release = {
  format: 'lucid/release/v1',
  id: 'r-1',
  version: '1',
  revision: '1',
  madeBy: 'a@b',
  madeAt: 0,
  signer: 'ab',
  platform: 'linux/arm64',
  images: [
    image('gate', [layer('bun', 50), layer('gate', 1)]),
    image('cut', [layer('bun', 50), layer('cut', 2)]),
  ],
  stock: [],
  stacks: [
    {
      stack: 'core',
      env: {},
      members: [
        {
          service: 'gate',
          container: 'gate',
          image: 'x:gate',
          proof: { kind: 'runs' },
          memory: 2 ** 30,
          ports: [8080],
          volumes: [],
        },
      ],
    },
  ],
  files: {},
  support: {},
  secrets: ['gate/KEY'],
  networks: [],
  volumes: [],
  migrations: {},
}

const host: PreflightHost = {
  whole: true,
  at: 1_000_000,
  engine: { is: 'up', version: '28.3.2', root: '/', limitsMemory: true, platform: 'linux/arm64' },
  containers: [],
  allContainers: true,
  disks: [],
  memory: { total: 8 * 2 ** 30, available: 2 ** 32, swapTotal: 0, swapFree: 0 },
  certificates: [],
  readiness: {
    machine: 'aarch64',
    kernel: '6.6.51+rpt-rpi-2712',
    compose: '2.38.2',
    flock: true,
    writable: true,
    freePlatform: 2 ** 34,
    freeEngine: 2 ** 34,
    listening: [{ port: 22, loopback: false }],
    secrets: [],
    volumes: [],
    signer: undefined,
  },
}
const engine = (more: object): Change => ({ engine: { ...host.engine, ...more } as PreflightHost['engine'] })
const total = (bytes: number): Change => ({
  memory: { total: bytes, available: 0, swapTotal: 0, swapFree: 0 },
})
const listening = (port: number) => [{ port, loopback: true }]

/** What a test changes of the host. */
type Change = Partial<Omit<PreflightHost, 'readiness'>> & {
  readonly readiness?: Partial<PreflightHost['readiness']>
}

const input: PreflightInput = {
  host,
  release,
  current: undefined,
  now: 1_001_000,
  signature: undefined,
  deep: { secrets: [], networks: [], owners: [] },
  placeholders: [],
  dir: '/lucid',
}

const judge = ({ readiness, ...change }: Change, more: Partial<PreflightInput> = {}) =>
  preflight({
    ...input,
    ...more,
    host: { ...host, ...change, readiness: { ...host.readiness, ...readiness } },
  })
const faults = (change: Change, more: Partial<PreflightInput> = {}) =>
  judge(change, more).flatMap(({ findings }) =>
    findings.map(({ subject, evidence }) => `${subject}: ${evidence}`),
  )

describe('preflight', () => {
  test('finds nothing on a host that is ready', () => expect(faults({})).toEqual([]))

  const cases: readonly (readonly [Change, Partial<PreflightInput>, string])[] = [
    [
      engine({ platform: 'linux/amd64' }),
      {},
      'architecture: the host is linux/amd64, the release is for linux/arm64',
    ],
    [{ readiness: { kernel: '4.19.0' } }, {}, 'kernel: kernel 4.19.0 is older than 5.4'],
    [engine({ limitsMemory: false }), {}, 'kernel: the kernel enforces no memory limits'],
    [engine({ version: '19.03.1' }), {}, 'engine: Docker 19.03.1 is older than 20.10'],
    [
      { engine: { is: 'down', why: 'permission denied' } },
      {},
      'engine: no Docker engine answers: permission denied',
    ],
    [{ readiness: { compose: '' } }, {}, 'compose: docker compose is not there'],
    [{ readiness: { compose: '1.29.2' } }, {}, 'compose: Compose 1.29.2 is older than 2.20'],
    [{ readiness: { flock: false } }, {}, 'programs: flock is not there'],
    [{ readiness: { writable: false } }, {}, 'folder: /lucid cannot be written'],
    [total(2 ** 29), {}, 'memory: the host has 0.5 GiB of memory, the limits of all services are 1.0 GiB'],
    [{ readiness: { freePlatform: 100 } }, {}, 'disk: /lucid has 0.0 GiB free, twice the release is 0.0 GiB'],
    [{ at: 900_000 }, {}, 'clock: its clock is -101 s from ours'],
    [
      { readiness: { listening: listening(8080) } },
      {},
      'ports: port 8080 of gate is taken by another program',
    ],
    [{}, { current: release }, 'secrets: secret gate/KEY is gone'],
    [
      {},
      { placeholders: ['env/.env.core: MONGO_URL still holds a placeholder'] },
      'secrets: env/.env.core: MONGO_URL still holds a placeholder',
    ],
    [
      {},
      { deep: { ...input.deep, secrets: ['gate/KEY: is a placeholder'] } },
      'secrets: gate/KEY: is a placeholder',
    ],
    [
      {},
      { deep: { ...input.deep, networks: ['172.21.0.0/24 is taken'] } },
      'networks: 172.21.0.0/24 is taken',
    ],
    [
      {},
      { deep: { ...input.deep, owners: ['volume data has 2 files of another user'] } },
      'volumes: volume data has 2 files of another user',
    ],
    [{}, { signature: 'the images are not signed' }, 'signature: the images are not signed'],
  ]
  for (const [change, more, fault] of cases) test(fault, () => expect(faults(change, more)).toEqual([fault]))

  test('a port of a container of ours is ours, whatever state that is in; one of a stranger is taken', () => {
    const published = [{ ip: '127.0.0.1', host: 8080, target: 80 }]
    const at = (more: object) =>
      faults({
        readiness: { listening: listening(8080) },
        containers: [makeContainer('gate', { published, ...more })],
      })
    expect(at({})).toEqual([])
    expect(at({ status: 'paused' })).toEqual([])
    expect(at({ project: '' })).toEqual(['ports: port 8080 of gate is taken by another program'])
  })

  test('reports everything that is wrong at once, each with what to do', () => {
    const checked = judge({ ...total(0), readiness: { flock: false, compose: '' } }, { signature: 'no' })
    const findings = checked.flatMap((one) => one.findings)
    expect(findings.map(({ subject }) => subject)).toEqual(['compose', 'programs', 'memory', 'signature'])
    for (const { remedy, state } of findings) expect([remedy !== '', state]).toEqual([true, 'bad'])
    expect(listFaults(checked)[1]).toBe('programs: flock is not there: install util-linux')
  })

  test('makes secrets on a new host, and says how many', () => {
    const secrets = preflight(input).find(({ check }) => check === 'secrets')
    expect(secrets).toMatchObject({ detail: '1 of 1 will be made', findings: [] })
  })
})

test.each([
  ['5.4.0', true],
  ['5.3.99', false],
  ['6.0', true],
  ['28.5.2+dfsg', true],
  ['', false],
])('version %p is at least 5.4: %p', (version, good) => expect(isAtLeast(version, [5, 4])).toBe(good))

test('a release is as big as its layers, those that are shared once', () =>
  expect(releaseSize(release)).toBe(53))
