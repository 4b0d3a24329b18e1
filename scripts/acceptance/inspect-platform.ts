import { setTimeout as sleep } from 'node:timers/promises'
import type { Container } from '#common/host/facts/container'
import type { HostFacts } from '#common/host/facts/host-facts'
import { CliError } from '../cli/fail.ts'
import { collectFacts } from '../host/collect.ts'
import type { Shell } from '../host/shell.ts'
import { askProbes } from '../release/host/observe.ts'
import type { ExpectedContainer } from './expected.ts'

/** The status of a host, as far as containers and sockets say it. */
export type PlatformStatus = {
  readonly containers: ReadonlyMap<string, Container>
  readonly listening: Required<HostFacts>['readiness']['listening']
  /** Containers on each network, those of others too. */
  readonly members: Readonly<Record<string, readonly string[]>>
  /** Containers whose own health check, run now, ended with 0. */
  readonly probed: ReadonlySet<string>
}

/** Health checks that are run at once: each starts a Bun of its own, and has three seconds. */
const AT_ONCE = 4
/** Before a check that failed is run a second time, ms: on a host under load a first one may come too late. */
const SECOND_MS = 2_000

const probeInTurn = async (shell: Shell, expected: readonly ExpectedContainer[]): Promise<ReadonlySet<string>> => {
  const passed = new Set<string>()
  for (let at = 0; at < expected.length; at += AT_ONCE)
    for (const name of await askProbes(shell, expected.slice(at, at + AT_ONCE))) passed.add(name)
  return passed
}

const probe = async (shell: Shell, expected: readonly ExpectedContainer[]): Promise<ReadonlySet<string>> => {
  const checked = expected.filter(({ proof }) => proof.kind === 'healthy')
  const first = await probeInTurn(shell, checked)
  const failed = checked.filter(({ container }) => !first.has(container))
  if (failed.length === 0) return first
  await sleep(SECOND_MS)
  return new Set([...first, ...(await probeInTurn(shell, failed))])
}

/** Inspects the containers of a release; nothing is changed. Throws CliError when the engine does not answer. */
export const inspectPlatform = async (
  shell: Shell,
  dir: string,
  expected: readonly ExpectedContainer[],
): Promise<PlatformStatus> => {
  const { engine, containers, networks = [], readiness } = await collectFacts(shell, dir, 'preflight')
  if (engine.is !== 'up')
    throw new CliError(`${shell.name}: its engine: ${engine.is === 'down' ? engine.why : 'docker is not installed'}`)
  return {
    containers: new Map(containers.map((container) => [container.name, container])),
    listening: readiness.listening,
    members: Object.fromEntries(networks.map(({ name, containers: on }) => [name, on])),
    probed: await probe(shell, expected),
  }
}
