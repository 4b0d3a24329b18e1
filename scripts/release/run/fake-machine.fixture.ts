import type { Stack } from '#catalog'
import type { ContainerState } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Release } from '../content/release.ts'
import type { Entry } from './journal.ts'

/** What a container of a release does after it was started. */
export type Behaviour = 'good' | 'exits' | 'never-healthy' | 'crash-loops' | 'out-of-memory'

export type FakeContainer = {
  readonly release: string
  readonly stack: Stack
  readonly image: string
  readonly behaviour: Behaviour
  readonly startedAt: number
  readonly looks: number
  readonly running: boolean
  /** Changed behind the release's back: Compose does not see it. */
  readonly altered?: boolean
  readonly paused?: boolean
}

export type FakeMachine = {
  current: string | undefined
  entries: Entry[]
  releases: Map<string, Release>
  /** Releases whose Compose files somebody edited on the host. */
  edited: Set<string>
  images: Set<string>
  containers: Map<string, FakeContainer>
  /** Which shape the documents have: service to version. */
  documents: Map<string, number>
  snapshots: Map<string, ReadonlyMap<string, number>>
  token: number
  /** ms; moves only by pauses. */
  clock: number
  started: number
}

export const fakeMachine = (): FakeMachine => ({
  current: undefined,
  entries: [],
  releases: new Map(),
  edited: new Set(),
  images: new Set(),
  containers: new Map(),
  documents: new Map(),
  snapshots: new Map(),
  token: 0,
  clock: 1_000_000,
  started: 0,
})

/** What the engine says of a container that was looked at so often. */
export const inspectFake = (
  name: string,
  { behaviour, startedAt, looks, running, image, paused }: FakeContainer,
): ContainerState => {
  const base = makeContainer(name, { image, imageId: image, startedAt, health: 'none' })
  if (paused) return { ...base, status: 'paused' }
  if (!running) return { ...base, status: 'exited', exitCode: 143 }
  if (behaviour === 'exits') return { ...base, status: 'restarting', exitCode: 1, restarts: looks }
  if (behaviour === 'out-of-memory')
    return { ...base, status: 'restarting', exitCode: 137, oomKilled: true, restarts: 1 }
  if (behaviour === 'never-healthy') return { ...base, health: 'starting' }
  if (behaviour === 'crash-loops' && looks > 3)
    return { ...base, health: 'starting', startedAt: startedAt + looks / 1000, restarts: looks - 3 }
  return { ...base, health: looks < 2 ? 'starting' : 'healthy' }
}

/** What of a machine is not as its committed release says; nothing for a host that is wholly on one. */
export const findMixed = (machine: FakeMachine): readonly string[] => {
  const current = machine.current === undefined ? undefined : machine.releases.get(machine.current)
  const expected = new Map(
    (current?.stacks ?? []).flatMap(({ members }) =>
      members.map(({ container, image }) => [container, image] as const),
    ),
  )
  const faults = [...machine.containers].flatMap(([name, { image, running, altered, paused }]) => {
    if (expected.get(name) !== image) return [`${name} is ${image}, expected ${expected.get(name) ?? 'none'}`]
    if (altered) return [`${name} was changed by hand`]
    return running && !paused ? [] : [`${name} does not run`]
  })
  return [
    ...faults,
    ...[...expected.keys()].filter((name) => !machine.containers.has(name)).map((name) => `${name} is missing`),
  ]
}
