import type { Stack } from '#catalog'
import type { Lease } from '../../host/lease.ts'
import { commandLine, quote } from '../../host/quote.ts'
import { findMigrations, type ReleasePair } from '../content/migrations.ts'
import { composeFile, type Release } from '../content/release.ts'
import { askLogs, askProbes, askStates } from '../host/observe.ts'
import { change } from './change.ts'
import type { ReleaseHost } from './release-host.ts'

type ComposeStacks = Pick<ReleaseHost, 'up' | 'stop' | 'down' | 'states' | 'probe' | 'logs' | 'migrate'>

const compose = (dir: string, release: Release, stack: Stack, ...words: readonly string[]): string =>
  commandLine('docker', 'compose', '--file', `${dir}/releases/${release.id}/${composeFile(stack)}`, ...words)

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
  return {
    up: (release, stack) =>
      change(
        lease,
        `stack ${stack} cannot be started`,
        compose(dir, release, stack, 'up', '--detach', '--no-build', '--remove-orphans'),
      ),
    stop: (release, stack) =>
      change(lease, `stack ${stack} cannot be stopped`, compose(dir, release, stack, 'stop')),
    down: (release, stack) =>
      change(lease, `stack ${stack} cannot be taken down`, downScript(dir, release, stack)),
    states: (members) => askStates({ name: shell.name, run: lease.inspect }, members),
    probe: (members) => askProbes(shell, members),
    logs: (container) => askLogs(shell, container),
    migrate: async (pair) => {
      for (const service of findMigrations(pair.from, pair.to)) await migrateService(lease, pair, service)
    },
  }
}
