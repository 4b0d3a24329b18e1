import type { Container } from '#common/host/facts/container'
import type { HostFacts } from '#common/host/facts/host-facts'
import type { NetworkFact } from '#common/host/facts/networks'
import type { Expected } from '../release/expected/compose.ts'
import { type CloserFacts, NOTHING_CLOSER } from './inspect/closer-facts.ts'

/** A host of which everything was collected. */
export type DiagnosedHost = HostFacts & Required<Pick<HostFacts, 'readiness' | 'diagnosis'>>

/** Everything that is known of a host. The rules read this and nothing else. */
export type Facts = CloserFacts & {
  readonly dir: string
  readonly host: DiagnosedHost
  /** How far its clock is ahead of ours, seconds. */
  readonly ahead: number
  readonly expected: Expected | undefined
  /** All of the engine, others than ours too. */
  readonly containers: readonly Container[]
  readonly networks: Readonly<Record<string, NetworkFact>>
  readonly gaps: readonly string[]
}

/** Between two restarts the engine shows 0: what it ended with is then in the engine's events. */
const addLastExit = (container: Container, { diagnosis: { events } }: DiagnosedHost): Container => {
  if (container.status !== 'running' || container.restarts === 0) return container
  const died = events.findLast(({ id, exitCode }) => id === container.id && exitCode !== undefined)
  return died?.exitCode === undefined ? container : { ...container, exitCode: died.exitCode }
}

/** Facts of a host before anything was inspected closer. */
export const makeFacts = (host: DiagnosedHost, about: Pick<Facts, 'dir' | 'ahead' | 'expected' | 'gaps'>): Facts => ({
  ...NOTHING_CLOSER,
  ...about,
  host,
  containers: host.containers.map((container) => addLastExit(container, host)),
  networks: Object.fromEntries((host.networks ?? []).map((network) => [network.name, network])),
})

/** Adds what a closer inspection told. */
export const addCloser = (facts: Facts, closer: CloserFacts): Facts => ({
  ...facts,
  ...closer,
  gaps: [...facts.gaps, ...closer.gaps],
})
