import { membersOf, type Release } from '../content/release.ts'

/** What a host says of itself before anything is changed. Sizes are bytes, times epoch ms. */
export type HostFacts = {
  /** `uname -m` */
  readonly machine: string
  /** `uname -r` */
  readonly kernel: string
  /** `linux/arm64`, from the engine; '' when none answers. */
  readonly platform: string
  readonly engine: string
  readonly engineError: string
  readonly compose: string
  readonly flock: boolean
  readonly writable: boolean
  readonly memory: number
  /** False when the kernel enforces no memory limit: Docker says so. */
  readonly memoryLimits: boolean
  readonly freeDir: number
  readonly freeDocker: number
  readonly clock: number
  /** Listening TCP ports that no container of ours has. */
  readonly foreignPorts: readonly number[]
  /** Secret files that are there, `owner/KEY`. */
  readonly secrets: readonly string[]
  /** Volumes that exist. */
  readonly volumes: readonly string[]
}

/** What is wrong with what only a container can see; sentences, no value. */
export type DeepFacts = {
  readonly secrets: readonly string[]
  readonly networks: readonly string[]
  readonly owners: readonly string[]
}

export type Fault = { readonly check: string; readonly fault: string; readonly remedy: string }
/** A check that was made, for the report. */
export type Checked = { readonly check: string; readonly detail: string; readonly faults: readonly Fault[] }

/** Least versions. Engine and Compose: what the committed files were run on. Kernel: what Debian 12 and Raspberry Pi OS 12 bring is newer. */
const LEAST = { kernel: [5, 4], engine: [20, 10], compose: [2, 20] } as const
/** A signed token of another minute is refused (SPEC section 3), so clocks must agree better than that. */
export const MAX_SKEW_MS = 20_000

const numbers = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number)

/** True when a version like `6.1.0-rpi7` is at least `least`. */
export const atLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [a = 0, b = 0] = numbers(version)
  return a > major || (a === major && b >= minor)
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

/** Bytes of layers that a release brings at most, compressed; shared layers once. */
export const releaseSize = ({ images }: Pick<Release, 'images'>): number =>
  [
    ...new Map(
      images.flatMap(({ layers }) => layers.map(({ digest, size }) => [digest, size] as const)),
    ).values(),
  ].reduce((sum, size) => sum + size, 0)

export type PreflightInput = {
  readonly host: HostFacts
  readonly deep: DeepFacts
  readonly release: Release
  /** The release that runs there. */
  readonly current: Release | undefined
  readonly now: number
  /** Why the signature of the images does not hold; undefined when it does. */
  readonly signature: string | undefined
  /** Keys of env files that hold placeholders. */
  readonly placeholders: readonly string[]
  readonly dir: string
}

type Check = {
  readonly check: string
  readonly detail: (input: PreflightInput) => string
  /** Fault and remedy, or nothing. */
  readonly faults: (input: PreflightInput) => readonly (readonly [fault: string, remedy: string])[]
}

const when = (bad: boolean, fault: string, remedy: string) => (bad ? [[fault, remedy] as const] : [])

/** Secrets that are missing although the host has data that they protect. On a new host they are made. */
const missingSecrets = ({ host, release, current }: PreflightInput): readonly string[] =>
  current === undefined
    ? []
    : current.secrets.filter((one) => release.secrets.includes(one) && !host.secrets.includes(one))

const checks: readonly Check[] = [
  {
    check: 'engine',
    detail: ({ host }) => host.engine,
    faults: ({ host }) =>
      host.engine === ''
        ? when(
            true,
            `no Docker engine answers: ${host.engineError}`,
            'install Docker there, and add the user to the group docker',
          )
        : when(
            !atLeast(host.engine, LEAST.engine),
            `Docker ${host.engine} is older than ${LEAST.engine.join('.')}`,
            'upgrade the Docker engine',
          ),
  },
  {
    check: 'compose',
    detail: ({ host }) => host.compose,
    faults: ({ host }) =>
      when(
        !atLeast(host.compose, LEAST.compose),
        host.compose === ''
          ? 'docker compose is not there'
          : `Compose ${host.compose} is older than ${LEAST.compose.join('.')}`,
        'install the package docker-compose-plugin',
      ),
  },
  {
    check: 'architecture',
    detail: ({ host }) => host.platform || host.machine,
    faults: ({ host, release }) =>
      when(
        host.platform !== '' && host.platform !== release.platform,
        `the host is ${host.platform}, the release is for ${release.platform}`,
        `bun run build-distroless --platform ${host.platform}`,
      ),
  },
  {
    check: 'kernel',
    detail: ({ host }) => host.kernel,
    faults: ({ host }) => [
      ...when(
        !atLeast(host.kernel, LEAST.kernel),
        `kernel ${host.kernel} is older than ${LEAST.kernel.join('.')}`,
        'upgrade the system',
      ),
      ...when(
        host.engine !== '' && !host.memoryLimits,
        'the kernel enforces no memory limits',
        'add cgroup_enable=memory to /boot/firmware/cmdline.txt and reboot',
      ),
    ],
  },
  {
    check: 'programs',
    detail: () => 'flock',
    faults: ({ host }) => when(!host.flock, 'flock is not there', 'install util-linux'),
  },
  {
    check: 'folder',
    detail: ({ dir }) => dir,
    faults: ({ host, dir }) =>
      when(!host.writable, `${dir} cannot be written`, `sudo install -d -o "$(id -un)" ${dir} on the host`),
  },
  {
    check: 'memory',
    detail: ({ host, release }) =>
      `${gib(host.memory)}, limits ${gib(membersOf(release).reduce((sum, { memory }) => sum + memory, 0))}`,
    faults: ({ host, release }) => {
      const limits = membersOf(release).reduce((sum, { memory }) => sum + memory, 0)
      return when(
        host.memory < limits,
        `the host has ${gib(host.memory)} of memory, the limits of all services are ${gib(limits)}`,
        'take a host with more memory, or leave out a stack',
      )
    },
  },
  {
    check: 'disk',
    detail: ({ host }) => `${gib(Math.min(host.freeDir, host.freeDocker))} free`,
    faults: ({ host, release, dir }) => {
      const wanted = 2 * releaseSize(release)
      return [
        ...when(
          host.freeDir < wanted,
          `${dir} has ${gib(host.freeDir)} free, twice the release is ${gib(wanted)}`,
          'make room there',
        ),
        ...when(
          host.engine !== '' && host.freeDocker < wanted,
          `the engine's folder has ${gib(host.freeDocker)} free, twice the release is ${gib(wanted)}`,
          'make room there: docker image ls shows what takes it',
        ),
      ]
    },
  },
  {
    check: 'clock',
    detail: ({ host, now }) => `${Math.round(Math.abs(host.clock - now) / 1000)} s apart`,
    faults: ({ host, now }) =>
      when(
        Math.abs(host.clock - now) > MAX_SKEW_MS,
        `its clock is ${Math.round((host.clock - now) / 1000)} s from ours`,
        'timedatectl set-ntp true on the host, or look at the clock of this machine',
      ),
  },
  {
    check: 'ports',
    detail: ({ release }) => `${membersOf(release).flatMap(({ ports }) => ports).length} wanted`,
    faults: ({ host, release }) =>
      membersOf(release).flatMap(({ service, ports }) =>
        ports
          // Without an answer of the engine it is not known whose a port is.
          .filter((port) => host.engine !== '' && host.foreignPorts.includes(port))
          .map(
            (port) =>
              [
                `port ${port} of ${service} is taken by another program`,
                `sudo ss -ltnp 'sport = :${port}' names it`,
              ] as const,
          ),
      ),
  },
  {
    check: 'secrets',
    detail: ({ host, release }) => {
      const fresh = release.secrets.filter((one) => !host.secrets.includes(one)).length
      return fresh === 0
        ? `${release.secrets.length} there`
        : `${fresh} of ${release.secrets.length} will be made`
    },
    faults: (input) => [
      ...missingSecrets(input).map(
        (one) => [`secret ${one} is gone`, 'bun run restore brings it back from a backup'] as const,
      ),
      ...input.deep.secrets.map((one) => [one, 'bun run restore brings it back from a backup'] as const),
      ...input.placeholders.map((key) => [key, 'put the real value there'] as const),
    ],
  },
  {
    check: 'networks',
    detail: ({ release }) => `${release.networks.length} wanted`,
    faults: ({ deep }) =>
      deep.networks.map((one) => [one, 'docker network ls and ip route show what is in the way'] as const),
  },
  {
    check: 'volumes',
    detail: ({ host }) => `${host.volumes.length} there`,
    faults: ({ deep }) => deep.owners.map((one) => [one, 'bun run recover volume-owners NAME'] as const),
  },
  {
    check: 'signature',
    detail: ({ release }) => `${release.signer.slice(0, 16)}...`,
    faults: ({ signature }) =>
      when(
        signature !== undefined,
        signature ?? '',
        'bun run sign:images, or --signer HEX to trust another key from now on',
      ),
  },
  {
    check: 'stock images',
    detail: ({ release }) => [...new Set(release.stock.map(({ name }) => name.split('@', 1)[0]))].join(', '),
    faults: () => [],
  },
]

/** All checks with all their faults. */
export const preflight = (input: PreflightInput): readonly Checked[] =>
  checks.map(({ check, detail, faults }) => ({
    check,
    detail: detail(input),
    faults: faults(input).map(([fault, remedy]) => ({ check, fault, remedy })),
  }))

/** The faults of all checks. */
export const faultsOf = (checked: readonly Checked[]): readonly Fault[] =>
  checked.flatMap(({ faults }) => faults)
