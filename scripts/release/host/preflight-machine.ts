import { bytes } from '#common/cli/format'
import type { Member, Release } from '../content/release.ts'
import { listMembers } from '../content/release.ts'
import { type Check, type PreflightHost, type PreflightInput, readPlatform, when } from './preflight-check.ts'

/** Least versions. Engine and Compose: what the committed files were run on. Kernel: what Debian 12 and Raspberry Pi OS 12 bring is newer. */
const LEAST = { kernel: [5, 4], engine: [20, 10], compose: [2, 20] } as const
/** A signed token of another minute is refused (SPEC section 3), so clocks must agree better than that. */
const MAX_SKEW_MS = 20_000

const readNumbers = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number)

/** True when a version like `6.1.0-rpi7` is at least `least`. */
export const isAtLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [a = 0, b = 0] = readNumbers(version)
  return a > major || (a === major && b >= minor)
}

/** Bytes of layers that a release brings at most, compressed; shared layers once. */
export const releaseSize = ({ images }: Pick<Release, 'images'>): number =>
  [
    ...new Map(images.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size] as const))).values(),
  ].reduce((sum, size) => sum + size, 0)

const sumLimits = (release: Release): number =>
  listMembers(release).reduce((sum: number, { memory }: Member) => sum + memory, 0)

/** How far its clock, told in whole seconds, was at least from ours while it was asked: a slow answer is no wrong clock, ms. */
const measureSkew = ({
  host: {
    at = 0,
    asked: [from, to],
  },
}: PreflightInput): number => Math.max(0, at - to) + Math.min(0, at + 1000 - from)

/** Listening ports that no container of ours has. Without an answer of the engine it is not known whose a port is. */
const listForeignPorts = ({ engine, containers, readiness }: PreflightHost): readonly number[] => {
  const ours = new Set(
    containers
      .filter(({ project }) => project.startsWith('lucid-'))
      .flatMap(({ published }) => published.map(({ host }) => host)),
  )
  return engine.is === 'up' ? readiness.listening.map(({ port }) => port).filter((port) => !ours.has(port)) : []
}

/** Whether a machine can run a release: engine, kernel, room, clock, ports. */
export const machineChecks: readonly Check[] = [
  {
    check: 'engine',
    detail: ({ host: { engine } }) => (engine.is === 'up' ? engine.version : ''),
    findFaults: ({ host: { engine } }) =>
      engine.is === 'up'
        ? when(
            !isAtLeast(engine.version, LEAST.engine),
            `Docker ${engine.version} is older than ${LEAST.engine.join('.')}`,
            'upgrade the Docker engine',
          )
        : when(
            true,
            `no Docker engine answers: ${engine.is === 'down' ? engine.why : 'docker is not installed'}`,
            'install Docker there, and add the user to the group docker',
          ),
  },
  {
    check: 'compose',
    detail: ({ host }) => host.readiness.compose,
    findFaults: ({ host }) =>
      when(
        !isAtLeast(host.readiness.compose, LEAST.compose),
        host.readiness.compose === ''
          ? 'docker compose is not there'
          : `Compose ${host.readiness.compose} is older than ${LEAST.compose.join('.')}`,
        'install the package docker-compose-plugin',
      ),
  },
  {
    check: 'architecture',
    detail: ({ host }) => readPlatform(host) || host.readiness.machine,
    findFaults: ({ host, release }) => {
      const platform = readPlatform(host)
      return when(
        platform !== '' && platform !== release.platform,
        `the host is ${platform}, the release is for ${release.platform}`,
        `bun run build-distroless --platform ${platform}`,
      )
    },
  },
  {
    check: 'kernel',
    detail: ({ host }) => host.readiness.kernel,
    findFaults: ({ host }) => [
      ...when(
        !isAtLeast(host.readiness.kernel, LEAST.kernel),
        `kernel ${host.readiness.kernel} is older than ${LEAST.kernel.join('.')}`,
        'upgrade the system',
      ),
      ...when(
        host.engine.is === 'up' && !host.engine.limitsMemory,
        'the kernel enforces no memory limits',
        'add cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot',
      ),
    ],
  },
  {
    check: 'programs',
    detail: () => 'flock',
    findFaults: ({ host }) => when(!host.readiness.flock, 'flock is not there', 'install util-linux'),
  },
  {
    check: 'machine id',
    detail: () => '/etc/machine-id',
    findFaults: ({ host }) =>
      when(
        !host.readiness.machineId,
        '/etc/machine-id holds no id, and recordings could not say which machine made them',
        'sudo systemd-machine-id-setup on the host',
      ),
  },
  {
    check: 'folder',
    detail: ({ dir }) => dir,
    findFaults: ({ host, dir }) =>
      when(!host.readiness.writable, `${dir} cannot be written`, `sudo install -d -o "$(id -un)" ${dir} on the host`),
  },
  {
    check: 'memory',
    detail: ({ host, release }) => `${bytes(host.memory?.total ?? 0)}, limits ${bytes(sumLimits(release))}`,
    findFaults: ({ host, release }) => {
      const [total, limits] = [host.memory?.total ?? 0, sumLimits(release)]
      return when(
        total < limits,
        `the host has ${bytes(total)} of memory, the limits of all services are ${bytes(limits)}`,
        'take a host with more memory, or leave out a stack',
      )
    },
  },
  {
    check: 'disk',
    detail: ({ host }) => `${bytes(Math.min(host.readiness.freePlatform, host.readiness.freeEngine))} free`,
    findFaults: ({ host, release, dir }) => {
      const needed = 2 * releaseSize(release)
      return [
        ...when(
          host.readiness.freePlatform < needed,
          `${dir} has ${bytes(host.readiness.freePlatform)} free, twice the release is ${bytes(needed)}`,
          'make room there',
        ),
        ...when(
          host.engine.is === 'up' && host.readiness.freeEngine < needed,
          `the engine's folder has ${bytes(host.readiness.freeEngine)} free, twice the release is ${bytes(needed)}`,
          'make room there: docker image ls shows what takes it',
        ),
      ]
    },
  },
  {
    check: 'clock',
    detail: (input) => `${Math.round(Math.abs(measureSkew(input)) / 1000)} s apart at least`,
    findFaults: (input) =>
      when(
        Math.abs(measureSkew(input)) > MAX_SKEW_MS,
        `its clock is at least ${Math.round(measureSkew(input) / 1000)} s from ours`,
        'timedatectl set-ntp true on the host, or look at the clock of this machine',
      ),
  },
  {
    check: 'ports',
    detail: ({ release }) => `${listMembers(release).flatMap(({ ports }) => ports).length} wanted`,
    findFaults: ({ host, release }) => {
      const foreign = listForeignPorts(host)
      return listMembers(release).flatMap(({ service, ports }) =>
        ports
          .filter((port) => foreign.includes(port))
          .map(
            (port) =>
              [
                `port ${port} of ${service} is taken by another program`,
                `sudo ss -ltnp 'sport = :${port}' names it`,
              ] as const,
          ),
      )
    },
  },
]
