import type { Stack } from '#catalog'
import type { ContainerState } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import { LeaseLost } from '../../host/lease.ts'
import type { Member, Release } from '../content/release.ts'
import type { Entry } from './journal.ts'
import type { ReleaseHost } from './release-host.ts'

/**
 * A FAKE host with a FAKE engine, in memory, for sweeps of thousands of runs. It has what the real one has and matters
 * here: files that are whole or not, containers that are recreated one by one, a journal, a pointer, a fence.
 */

/** What a container of a release does after it was started. */
export type Behaviour = 'good' | 'exits' | 'never-healthy' | 'crash-loops' | 'out-of-memory'

type Container = {
  readonly release: string
  readonly stack: Stack
  readonly image: string
  readonly behaviour: Behaviour
  readonly startedAt: number
  readonly looks: number
  readonly running: boolean
}

export type FakeMachine = {
  current: string | undefined
  entries: Entry[]
  releases: Map<string, Release>
  images: Set<string>
  containers: Map<string, Container>
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
  images: new Set(),
  containers: new Map(),
  documents: new Map(),
  snapshots: new Map(),
  token: 0,
  clock: 1_000_000,
  started: 0,
})

/** How a call goes wrong. `kill`: it never answers, nor does any later one; with `after`, its work is done or half done by then. */
export type Trouble = {
  /** Index of the call that it hits, counted over the life of one deployer. */
  readonly at: number
  readonly kind: 'kill' | 'connection' | 'disk-full' | 'engine-error'
  readonly when: 'before' | 'half' | 'after'
  /** Calls that it hits, from there on. */
  readonly calls: number
}

export type FakeOptions = {
  readonly machine: FakeMachine
  readonly behaviour: (release: string, service: string) => Behaviour
  readonly troubles: readonly Trouble[]
  /** Called when a kill strikes. */
  readonly killed: () => void
  readonly onCall?: (name: string, index: number) => void
}

const forever = new Promise<never>(() => {})
const errors = {
  connection: (name: string) => new ConnectionLost(`fake: the connection broke in ${name}`),
  'disk-full': (name: string) => new CliError(`fake: ${name}: no space left on device`),
  'engine-error': (name: string) => new CliError(`fake: ${name}: error response from the engine`),
} as const

const stateOf = (
  name: string,
  { behaviour, startedAt, looks, running, image }: Container,
): ContainerState => {
  const base = makeContainer(name, { image, imageId: image, startedAt, health: 'none' })
  if (!running) return { ...base, status: 'exited', exitCode: 143 }
  if (behaviour === 'exits') return { ...base, status: 'restarting', exitCode: 1, restarts: looks }
  if (behaviour === 'out-of-memory')
    return { ...base, status: 'restarting', exitCode: 137, oomKilled: true, restarts: 1 }
  if (behaviour === 'never-healthy') return { ...base, health: 'starting' }
  if (behaviour === 'crash-loops' && looks > 3)
    return { ...base, health: 'starting', startedAt: startedAt + looks / 1000, restarts: looks - 3 }
  return { ...base, health: looks < 2 ? 'starting' : 'healthy' }
}

/** A deployer's view of the machine: the lease it took, and the troubles on its way. */
export const fakeHost = ({
  machine,
  behaviour,
  troubles,
  killed,
  onCall = () => {},
}: FakeOptions): ReleaseHost => {
  machine.token += 1
  const token = machine.token
  let calls = 0
  let dead = false

  /** `halves` are the parts of a call's work; a trouble strikes before, in the middle of or after them. */
  const call = async <T>(
    name: string,
    halves: readonly (() => void)[],
    answer: () => T,
    fenced = true,
  ): Promise<T> => {
    if (dead) return forever
    const index = calls
    calls += 1
    onCall(name, index)
    const trouble = troubles.find(({ at, calls: length }) => at <= index && index < at + length)
    const strike = (): Error | undefined => {
      if (trouble?.kind === 'kill') {
        dead = true
        killed()
        return undefined
      }
      return trouble && errors[trouble.kind](name)
    }
    if (fenced && machine.token !== token) throw new LeaseLost('fake')
    if (trouble?.when === 'before') {
      const error = strike()
      if (error === undefined) return forever
      throw error
    }
    const done = trouble?.when === 'half' ? halves.slice(0, Math.floor(halves.length / 2)) : halves
    for (const half of done) half()
    if (trouble !== undefined) {
      const error = strike()
      if (error === undefined) return forever
      throw error
    }
    return answer()
  }

  const nothing = () => undefined
  const membersOf = (release: Release, stack: Stack): readonly Member[] =>
    release.stacks.find((one) => one.stack === stack)?.members ?? []
  const start =
    (release: Release, stack: Stack, { container, service, image }: Member) =>
    () => {
      const before = machine.containers.get(container)
      if (before?.image === image && before.running && before.behaviour !== 'out-of-memory') return
      if (!machine.images.has(image)) throw new CliError(`fake: no such image: ${image}`)
      machine.started += 1
      machine.containers.set(container, {
        release: release.id,
        stack,
        image,
        behaviour: behaviour(release.id, service),
        startedAt: machine.started,
        looks: 0,
        running: true,
      })
    }
  const remove = (stack: Stack, keep: readonly Member[]) =>
    [...machine.containers]
      .filter(([name, one]) => one.stack === stack && !keep.some(({ container }) => container === name))
      .map(
        ([name]) =>
          () =>
            void machine.containers.delete(name),
      )

  return {
    name: 'fake',
    observe: () =>
      call('observe', [], () => ({
        current: machine.current,
        entries: [...machine.entries],
        releases: [...machine.releases.keys()],
      })),
    release: (id) => call('release', [], () => machine.releases.get(id)),
    journal: (entry) => call(`journal ${entry.phase}`, [() => machine.entries.push(entry)], nothing),
    putFiles: ({ release }) =>
      // Half of it is a folder with another name.
      call('putFiles', [() => {}, () => machine.releases.set(release.id, release)], nothing),
    requireFiles: () => call('demandFiles', [], nothing),
    bringImages: ({ images }) =>
      call(
        'bringImages',
        images.map(
          ({ name }) =>
            () =>
              machine.images.add(name),
        ),
        nothing,
      ),
    prepare: () => call('prepare', [], nothing),
    up: (release, stack) => {
      const members = membersOf(release, stack)
      return call(
        `up ${stack}`,
        [...members.map((member) => start(release, stack, member)), ...remove(stack, members)],
        nothing,
      )
    },
    stop: (_, stack) =>
      call(
        `stop ${stack}`,
        [...machine.containers]
          .filter(([, one]) => one.stack === stack)
          .map(
            ([name, one]) =>
              () =>
                machine.containers.set(name, { ...one, running: false }),
          ),
        nothing,
      ),
    down: (_, stack) => call(`down ${stack}`, remove(stack, []), nothing),
    snapshot: (_, name) =>
      call(
        'snapshot',
        [
          () => {},
          () => {
            // One that is whole is left as it is.
            if (!machine.snapshots.has(name)) machine.snapshots.set(name, new Map(machine.documents))
          },
        ],
        nothing,
      ),
    migrate: ({ to }) =>
      call(
        'migrate',
        Object.entries(to.migrations).map(
          ([service, { version }]) =>
            () =>
              machine.documents.set(service, version),
        ),
        nothing,
      ),
    restore: (_, name) =>
      call(
        'restore',
        [
          () => {
            const kept = machine.snapshots.get(name)
            if (kept === undefined) throw new CliError(`fake: no snapshot ${name}`)
            machine.documents = new Map(kept)
          },
        ],
        nothing,
      ),
    states: (members) =>
      call(
        'states',
        [],
        () =>
          members.flatMap(({ container }) => {
            const found = machine.containers.get(container)
            if (found === undefined) return []
            machine.containers.set(container, { ...found, looks: found.looks + 1 })
            return [stateOf(container, found)]
          }),
        false,
      ),
    probe: () => call('probe', [], () => [], false),
    logs: (container) => call('logs', [], () => [`last words of ${container}`], false),
    commit: (id) =>
      call(
        'commit',
        [
          () => {
            machine.current = id
          },
        ],
        nothing,
      ),
    prune: () => call('prune', [], nothing),
  }
}

/** Releases that the containers of a machine are of: one for a host that is wholly on one. */
export const mixOf = (machine: FakeMachine): readonly string[] => {
  const current = machine.current === undefined ? undefined : machine.releases.get(machine.current)
  const wanted = new Map(
    (current?.stacks ?? []).flatMap(({ members }) =>
      members.map(({ container, image }) => [container, image] as const),
    ),
  )
  const faults = [...machine.containers].flatMap(([name, { image, running }]) => {
    if (wanted.get(name) !== image) return [`${name} is ${image}, wanted ${wanted.get(name) ?? 'none'}`]
    return running ? [] : [`${name} does not run`]
  })
  return [
    ...faults,
    ...[...wanted.keys()].filter((name) => !machine.containers.has(name)).map((name) => `${name} is missing`),
  ]
}
