import type { Container } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Diagnosis } from '#common/host/facts/diagnosis'
import type { NetworkFact } from '#common/host/facts/networks'
import type { Expected } from '../release/expected/compose.ts'
import type { ExpectedService } from '../release/expected/service.ts'
import { type DiagnosedHost, type Facts, makeFacts } from './facts.ts'

/** Facts for tests of the rules: a small host on which all is well, and whatever a test changes. */

/** The clock of the host, epoch ms. */
export const NOW = 10_000_000

const SERVICE: ExpectedService = {
  name: '',
  stack: 'sessions',
  container: '',
  image: 'lucid:one',
  uid: 65532,
  gid: 65532,
  profiles: [],
  networks: ['lucid_chain_net'],
  ports: [],
  bindings: [],
  rights: {
    user: '65532:65532',
    readOnlyRoot: true,
    privileged: false,
    capAdd: [],
    capDrop: ['ALL'],
    securityOpt: ['no-new-privileges:true'],
    restartPolicy: 'unless-stopped',
  },
  volumes: [],
  files: [],
  memory: 2 ** 25,
  cpus: 1,
  pids: 128,
  needs: [],
  once: false,
  probed: true,
  check: [],
}

export const service = (name: string, more: Partial<ExpectedService> = {}): ExpectedService => ({
  ...SERVICE,
  name,
  container: name,
  ...more,
})

/** Networks by name to their id, as a container is attached to them. */
export const attachedTo = (networks: Readonly<Record<string, string>>): Container['networks'] =>
  Object.fromEntries(Object.entries(networks).map(([name, id]) => [name, { id, names: [], address: '', gateway: '' }]))

export const container = (name: string, more: Partial<Container> = {}): Container =>
  makeContainer(name, {
    project: 'lucid-sessions',
    image: 'lucid:one',
    memoryLimit: 2 ** 25,
    memoryUsed: 2 ** 20,
    networks: attachedTo({ lucid_chain_net: 'n1' }),
    ...more,
  })

export const network = (name: string, more: Partial<NetworkFact> = {}): NetworkFact => ({
  id: 'n1',
  name,
  internal: false,
  unrouted: false,
  ofCompose: true,
  subnets: ['172.22.0.0/24'],
  device: 'br-n1',
  containers: [],
  ...more,
})

export const expected = (services: readonly ExpectedService[]): Expected => ({
  release: 'r-0123456789ab',
  services: Object.fromEntries(services.map((one) => [one.name, one])),
  networks: { lucid_chain_net: { subnet: '172.22.0.0/24', internal: false, unrouted: false, stack: 'core' } },
  volumes: [...new Set(services.flatMap(({ volumes }) => volumes.map(({ name }) => name)))],
})

const diagnosis: Diagnosis = {
  composed: [],
  releaseFile: undefined,
  previous: false,
  backups: false,
  leftovers: [],
  ioPressure: 0,
  cmdline: 'console=tty1 cgroup_enable=memory',
  listeners: [],
  processes: [],
  nameServers: ['192.168.1.1'],
  ntp: 'yes',
  events: [],
  swapping: 0,
  waits: [],
  limitUse: {},
}

const quiet: DiagnosedHost = {
  whole: true,
  at: NOW,
  dir: '/mnt/myssd/Lucid',
  engine: { is: 'up', version: '28.2.2', root: '/var/lib/docker', limitsMemory: true, platform: 'linux/arm64' },
  containers: [],
  allContainers: true,
  disks: [{ device: '/dev/nvme0n1p2', mount: '/', size: 5e11, free: 4e11, inodesUsed: 0.1, readOnly: false }],
  memory: { total: 8e9, available: 5e9, swapTotal: 0, swapFree: 0 },
  load: [0.5, 0.5, 0.5],
  cpus: 4,
  throttled: 0,
  temperature: 55,
  certificates: [],
  networks: [network('lucid_chain_net')],
  routes: [],
  readiness: {
    machine: 'aarch64',
    kernel: '6.12.25+rpt-rpi-2712',
    compose: '2.40.3',
    flock: true,
    machineId: true,
    writable: true,
    freePlatform: 4e11,
    freeEngine: 4e11,
    listening: [],
    secrets: [],
    volumes: [],
    signer: undefined,
  },
  diagnosis,
}

/** What a test changes of the host itself. */
export type HostChange = Partial<Omit<DiagnosedHost, 'diagnosis'>> & { readonly diagnosis?: Partial<Diagnosis> }

/** A host with these services, each with a container that is well unless another is given. */
export const facts = (
  services: readonly ExpectedService[],
  containers: readonly Container[] = services.map(({ container: name }) => container(name)),
  { host = {}, ...more }: Partial<Omit<Facts, 'host'>> & { readonly host?: HostChange } = {},
): Facts => {
  const all = expected(services)
  const { diagnosis: changed, ...rest } = host
  const whole: DiagnosedHost = {
    ...quiet,
    readiness: { ...quiet.readiness, volumes: all.volumes },
    containers,
    ...rest,
    diagnosis: { ...diagnosis, ...changed },
  }
  return { ...makeFacts(whole, { dir: '/mnt/myssd/Lucid', ahead: 0, expected: all, gaps: [] }), ...more }
}
