import { join } from 'node:path'
import type { Absent } from '../processes.ts'
import type { EnginePrograms } from './commands.ts'
import { type DebianPrograms, debianPrograms, NEWER_SUITE } from './debian-packages.ts'

/**
 * How an engine keeps images: `classic` is the graph driver of Debian 12's engine 20.10, `containerd` the
 * image store of containerd that newer engines use, here Debian sid's 28.
 */
export type ImageStore = 'classic' | 'containerd'

/** Debian's programs first: a client of another version may come before them in PATH. */
const debianPath = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env['PATH'] ?? ''}`

/** Everything that must be there, with the package of Debian that has it. */
const needed = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  'docker-init': 'docker.io',
  iptables: 'iptables',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
} as const

const compose: DebianPrograms = {
  name: `compose-${NEWER_SUITE}`,
  packages: ['docker-compose'],
  files: ['usr/libexec/docker/cli-plugins/docker-compose'],
}

/** runc stays Debian 12's: sid's wants a newer glibc, and the two fit. */
const newerEngine: DebianPrograms = {
  name: `docker-${NEWER_SUITE}`,
  packages: ['docker.io', 'docker-cli', 'containerd'],
  files: [
    'usr/sbin/dockerd',
    'usr/sbin/docker-proxy',
    'usr/bin/docker',
    'usr/bin/containerd',
    'usr/bin/containerd-shim-runc-v2',
  ],
}

/** Where a program of Debian's is here; null when it is not. */
const findProgram = (name: string): string | null => Bun.which(name, { PATH: debianPath })

/** The first of those programs that this machine lacks, with the package of Debian that has it. */
export const missingProgram = (packages: Readonly<Record<string, string>>): Absent | undefined => {
  const [gap] = Object.entries(packages).filter(([program]) => findProgram(program) === null)
  return gap && { absent: `${gap[0]} is not installed: apt-get install ${gap[1]}` }
}

const missing = (): Absent | undefined => {
  if (process.platform !== 'linux') return { absent: 'a Docker engine of our own needs Linux' }
  if (process.getuid?.() !== 0) return { absent: 'a Docker engine of our own needs root' }
  return missingProgram(needed)
}

/** The programs of an engine with that store, fetched on first use; `absent` says why they cannot be had. */
export const enginePrograms = async (store: ImageStore): Promise<EnginePrograms | Absent> => {
  const gap = missing()
  if (gap) return gap
  const plugin = await debianPrograms(compose)
  if ('absent' in plugin) return plugin
  const newer = store === 'containerd' ? await debianPrograms(newerEngine) : { folder: '' }
  if ('absent' in newer) return newer
  const own = (name: string) => (newer.folder === '' ? (findProgram(name) ?? '') : join(newer.folder, name))
  return {
    dockerd: own('dockerd'),
    docker: own('docker'),
    init: findProgram('docker-init') ?? '',
    compose: join(plugin.folder, 'docker-compose'),
    path: newer.folder === '' ? debianPath : `${newer.folder}:${debianPath}`,
  }
}
