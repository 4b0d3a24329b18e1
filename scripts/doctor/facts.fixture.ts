import type { Container } from './container.ts'
import { type Facts, factsOf } from './facts.ts'
import type { Host } from './host-facts.ts'
import { sections } from './sections.ts'
import type { Wanted, WantedService } from './wanted.ts'

/** Facts for tests of the rules: a small host on which all is well, and whatever a test changes. */

const SERVICE: WantedService = {
  name: '',
  stack: 'sessions',
  container: '',
  image: 'lucid:one',
  uid: 65532,
  gid: 65532,
  profiles: [],
  networks: ['lucid_chain_net'],
  ports: [],
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

export const service = (name: string, more: Partial<WantedService> = {}): WantedService => ({
  ...SERVICE,
  name,
  container: name,
  ...more,
})

export const container = (name: string, more: Partial<Container> = {}): Container => ({
  id: name.padEnd(64, '0'),
  name,
  project: 'lucid-sessions',
  service: name,
  image: 'lucid:one',
  status: 'running',
  outOfMemory: false,
  exitCode: 0,
  error: '',
  startedAt: 1000,
  finishedAt: 0,
  restarts: 0,
  health: 'healthy',
  healthOutput: '',
  restartPolicy: 'unless-stopped',
  memory: 2 ** 25,
  cpus: 1,
  pids: 128,
  networks: { lucid_chain_net: { id: 'n1', names: [name] } },
  networkMode: 'lucid_chain_net',
  bindings: [],
  open: [],
  volumes: [],
  hash: '',
  logDriver: 'json-file',
  logLimit: '10m',
  ...more,
})

export const wanted = (services: readonly WantedService[]): Wanted => ({
  release: 'r-0123456789ab',
  services: Object.fromEntries(services.map((one) => [one.name, one])),
  networks: { lucid_chain_net: { subnet: '172.22.0.0/24', internal: false, stack: 'core' } },
  volumes: [...new Set(services.flatMap(({ volumes }) => volumes.map(({ name }) => name)))],
})

const quiet: Host = {
  now: 10_000,
  ahead: 0,
  machine: 'aarch64',
  kernel: '6.12.25+rpt-rpi-2712',
  engine: { version: '28.2.2', memoryLimit: true, root: '/var/lib/docker', architecture: 'aarch64' },
  cpus: 4,
  load: 0.5,
  memory: { total: 8e9, available: 5e9, swapTotal: 0, swapFree: 0 },
  swapping: 0,
  disks: [
    {
      device: '/dev/nvme0n1p2',
      mount: '/',
      size: 5e11,
      used: 1e11,
      free: 4e11,
      inodes: 0.1,
      readOnly: false,
    },
  ],
  waits: [],
  ioPressure: 0,
  throttled: 0,
  temperature: 55,
  memoryCgroup: true,
  cmdline: 'console=tty1 cgroup_enable=memory',
  routes: [],
  listeners: [],
  processes: [],
  nameservers: ['192.168.1.1'],
  ntp: 'yes',
  leftovers: [],
}

export const host = (more: Partial<Host> = {}): Host => ({ ...quiet, ...more })

/** A host with these services, each with a container that is well unless another is given. */
export const facts = (
  services: readonly WantedService[],
  containers: readonly Container[] = services.map(({ container: name }) => container(name)),
  more: Partial<Facts> = {},
): Facts => ({
  ...factsOf(sections(''), undefined, { dir: '/mnt/myssd/Lucid', now: 0, wanted: wanted(services) }),
  host: host(),
  containers,
  networks: {
    lucid_chain_net: { id: 'n1', subnet: '172.22.0.0/24', internal: false, bridge: 'br-n1' },
  },
  volumes: wanted(services).volumes,
  ...more,
})
