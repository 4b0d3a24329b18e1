import type { Release } from '../content/release.ts'
import type { PreflightHost, PreflightInput } from './preflight-check.ts'

/** A release of two images and one container with a port, and a host that is ready for it. */

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

export const release: Release = {
  format: 'lucid/release/v1',
  id: 'r-1',
  version: '1',
  revision: '1',
  madeBy: 'a@b',
  madeAt: 0,
  signer: 'ab',
  platform: 'linux/arm64',
  images: [image('gate', [layer('bun', 50), layer('gate', 1)]), image('cut', [layer('bun', 50), layer('cut', 2)])],
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

export const host: PreflightHost = {
  whole: true,
  at: 1_000_000,
  asked: [999_900, 1_000_100],
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
    machineId: true,
    writable: true,
    freePlatform: 2 ** 34,
    freeEngine: 2 ** 34,
    listening: [{ port: 22, loopback: false }],
    secrets: [],
    volumes: [],
    signer: undefined,
  },
}
/** What a test changes of the host. */
export type HostChange = Partial<Omit<PreflightHost, 'readiness'>> & {
  readonly readiness?: Partial<PreflightHost['readiness']>
}

const input: PreflightInput = {
  host,
  release,
  current: undefined,
  signature: undefined,
  deep: { secrets: [], networks: [], owners: [], lost: [] },
  placeholders: [],
  dir: '/lucid',
}

/** The input of a preflight; port 8080, which the release wants, is listened on when a container is there. */
export const preflightInput = (
  { readiness, ...change }: HostChange,
  more: Partial<PreflightInput> = {},
): PreflightInput => ({
  ...input,
  ...more,
  host: {
    ...host,
    ...change,
    readiness: {
      ...host.readiness,
      ...(change.containers !== undefined && { listening: [{ port: 8080, loopback: true }] }),
      ...readiness,
    },
  },
})
