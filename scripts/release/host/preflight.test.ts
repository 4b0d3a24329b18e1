import { describe, expect, test } from 'bun:test'
import type { Release } from '../content/release.ts'
import {
  atLeast,
  faultsOf,
  type HostFacts,
  type PreflightInput,
  preflight,
  releaseSize,
} from './preflight.ts'

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

const host: HostFacts = {
  machine: 'aarch64',
  kernel: '6.6.51+rpt-rpi-2712',
  platform: 'linux/arm64',
  engine: '28.3.2',
  engineError: '',
  compose: '2.38.2',
  flock: true,
  writable: true,
  memory: 8 * 2 ** 30,
  memoryLimits: true,
  freeDir: 2 ** 34,
  freeDocker: 2 ** 34,
  clock: 1_000_000,
  foreignPorts: [22],
  secrets: [],
  volumes: [],
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

const faults = (change: Partial<HostFacts>, more: Partial<PreflightInput> = {}) =>
  faultsOf(preflight({ ...input, ...more, host: { ...host, ...change } })).map(
    ({ check, fault }) => `${check}: ${fault}`,
  )

describe('preflight', () => {
  test('finds nothing on a host that is ready', () => expect(faults({})).toEqual([]))

  const cases: readonly (readonly [Partial<HostFacts>, Partial<PreflightInput>, string])[] = [
    [
      { platform: 'linux/amd64' },
      {},
      'architecture: the host is linux/amd64, the release is for linux/arm64',
    ],
    [{ kernel: '4.19.0' }, {}, 'kernel: kernel 4.19.0 is older than 5.4'],
    [{ memoryLimits: false }, {}, 'kernel: the kernel enforces no memory limits'],
    [{ engine: '19.03.1' }, {}, 'engine: Docker 19.03.1 is older than 20.10'],
    [
      { engine: '', engineError: 'permission denied' },
      {},
      'engine: no Docker engine answers: permission denied',
    ],
    [{ compose: '' }, {}, 'compose: docker compose is not there'],
    [{ compose: '1.29.2' }, {}, 'compose: Compose 1.29.2 is older than 2.20'],
    [{ flock: false }, {}, 'programs: flock is not there'],
    [{ writable: false }, {}, 'folder: /lucid cannot be written'],
    [
      { memory: 2 ** 29 },
      {},
      'memory: the host has 0.5 GiB of memory, the limits of all services are 1.0 GiB',
    ],
    [{ freeDir: 100 }, {}, 'disk: /lucid has 0.0 GiB free, twice the release is 0.0 GiB'],
    [{ clock: 900_000 }, {}, 'clock: its clock is -101 s from ours'],
    [{ foreignPorts: [8080] }, {}, 'ports: port 8080 of gate is taken by another program'],
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

  test('reports everything that is wrong at once, each with what to do', () => {
    const all = faultsOf(
      preflight({ ...input, signature: 'no', host: { ...host, flock: false, memory: 0, compose: '' } }),
    )
    expect(all.map(({ check }) => check)).toEqual(['compose', 'programs', 'memory', 'signature'])
    for (const { remedy } of all) expect(remedy).not.toBe('')
  })

  test('makes secrets on a new host, and says how many', () => {
    const secrets = preflight(input).find(({ check }) => check === 'secrets')
    expect(secrets).toMatchObject({ detail: '1 of 1 will be made', faults: [] })
  })
})

test.each([
  ['5.4.0', true],
  ['5.3.99', false],
  ['6.0', true],
  ['28.5.2+dfsg', true],
  ['', false],
])('version %p is at least 5.4: %p', (version, good) => expect(atLeast(version, [5, 4])).toBe(good))

test('a release is as big as its layers, those that are shared once', () =>
  expect(releaseSize(release)).toBe(53))
