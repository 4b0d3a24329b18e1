import type { Stack } from '#catalog'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { guardScript } from '../content/files-script.ts'
import { findMigrations, type ReleasePair } from '../content/migrations.ts'
import { type Bundle, composeFile, type Release } from '../content/release.ts'
import type { Mending } from '../drift/drift.ts'
import { askLogs, askProbes, askStates, observeDrift, readBundle } from '../host/observe.ts'
import { change } from './change.ts'
import { HEALTHY_SOON } from './gate-rules.ts'
import type { ReleaseHost } from './release-host.ts'

type ComposeStacks = Pick<ReleaseHost, 'up' | 'drift' | 'stop' | 'down' | 'states' | 'probe' | 'logs' | 'migrate'>

const compose = (dir: string, release: Release, stack: Stack, ...words: readonly string[]): string =>
  commandLine('docker', 'compose', '--file', `${dir}/releases/${release.id}/${composeFile(stack)}`, ...words)

/** Lets go what somebody paused: an engine neither starts, nor stops in peace, what stands still. */
const unpause = (stack: Stack): string =>
  [
    `paused=$(${commandLine('docker', 'ps', '--quiet', '--filter', 'status=paused', '--filter', `label=com.docker.compose.project=lucid-${stack}`)})`,
    '[ -z "$paused" ] || docker unpause $paused >/dev/null',
  ].join('\n')

const listVolumes = ({ stacks }: Release, stack: Stack): readonly string[] => [
  ...new Set(
    stacks.filter((one) => one.stack === stack).flatMap(({ members }) => members.flatMap(({ volumes }) => volumes)),
  ),
]

/** Compose would make an empty one in the place of one that is gone. */
const requireVolumeScript = (volume: string): string =>
  `docker volume inspect ${quote(volume)} >/dev/null || { echo ${quote(`volume ${volume} is gone: bun run recover volume ${volume} brings it back`)} >&2; exit 1; }`

/** Starts a stack by its file, which must be as it was made. What lives in the network of a container goes with it. */
const upScript = (
  dir: string,
  release: Release,
  { stack, remake, remove }: Mending & { readonly stack: Stack },
): string => {
  const up = (...words: readonly string[]) => compose(dir, release, stack, 'up', '--detach', '--no-build', ...words)
  return [
    guardScript(dir, release, composeFile(stack)),
    ...listVolumes(release, stack).map(requireVolumeScript),
    unpause(stack),
    ...(remake.length === 0 ? [] : [`${up('--no-deps', '--force-recreate', ...remake)} || exit 1`]),
    `${up('--remove-orphans')} || exit 1`,
    ...remove.map((name) => `${commandLine('docker', 'rm', '--force', name)} >/dev/null 2>&1 || :`),
  ].join('\n')
}

/** Takes a stack down by its file, or by its name where its files never came whole: only an older one's can run then. */
const downScript = (dir: string, release: Release, stack: Stack): string =>
  [
    `if [ -f ${quote(`${dir}/releases/${release.id}/${composeFile(stack)}`)} ]`,
    `then ${compose(dir, release, stack, 'down', '--remove-orphans')}`,
    `else ${commandLine('docker', 'compose', '--project-name', `lucid-${stack}`, 'down', '--remove-orphans')}`,
    'fi',
  ].join('; ')

/** Has the image of a service bring its documents to the version of the other release; the newer one knows the way. */
const migrateService = async (lease: Lease, { from, to }: ReleasePair, service: string): Promise<void> => {
  const [before = 0, after = 0] = [from, to].map(({ migrations }) => migrations[service]?.version)
  const newer = after > before ? to : from
  const stack = newer.stacks.find(({ members }) => members.some((one) => one.service === service))?.stack
  if (stack === undefined) return
  const words = ['migrate', after > before ? 'up' : 'down', `${after}`]
  await change(
    lease,
    `the documents of ${service} cannot be brought from version ${before} to ${after}`,
    compose(lease.dir, newer, stack, 'run', '--rm', '--no-deps', '--no-TTY', service, ...words),
  )
}

/** The containers of a release, by Compose and the engine of the host. */
export const openStacks = (lease: Lease): ComposeStacks => {
  const { shell, dir } = lease
  // Read once: each text is checked by its hash, and an id is one content.
  const bundles = new Map<string, Bundle>()
  return {
    up: (release, stack, mending) =>
      change(lease, `stack ${stack} cannot be started`, upScript(dir, release, { ...mending, stack })),
    stop: (release, stack) =>
      change(lease, `stack ${stack} cannot be stopped`, `${unpause(stack)}\n${compose(dir, release, stack, 'stop')}`),
    down: (release, stack) =>
      change(lease, `stack ${stack} cannot be taken down`, `${unpause(stack)}\n${downScript(dir, release, stack)}`),
    drift: async ({ id }) => {
      const bundle = bundles.get(id) ?? (await readBundle(shell, dir, id))
      bundles.set(id, bundle)
      return observeDrift({ name: shell.name, run: lease.inspect }, dir, bundle, HEALTHY_SOON)
    },
    states: (members) => askStates({ name: shell.name, run: lease.inspect }, members),
    probe: (members) => askProbes(shell, members),
    logs: (container) => askLogs(shell, container),
    migrate: async (pair) => {
      for (const service of findMigrations(pair.from, pair.to)) await migrateService(lease, pair, service)
    },
  }
}
