import type { Stack } from '#catalog'
import { CliError } from '../../cli/fail.ts'
import type { Member, Release } from '../content/release.ts'
import { type Drift, makeDrift } from '../drift/drift.ts'
import { type CallOptions, type Calls, openCalls } from './fake-calls.fixture.ts'
import { type Behaviour, type FakeMachine, inspectFake } from './fake-machine.fixture.ts'
import { findDifference, HEALTHY_SOON } from './gate-rules.ts'
import type { ReleaseHost } from './release-host.ts'

/** A FAKE host with a FAKE engine, in memory, for sweeps of thousands of runs. */
export type FakeOptions = CallOptions & { readonly behaviour: (release: string, service: string) => Behaviour }

const findMembers = (release: Release, stack: Stack): readonly Member[] =>
  release.stacks.find((one) => one.stack === stack)?.members ?? []

const fakeFiles = (machine: FakeMachine, { change, ask }: Calls) => ({
  observe: () =>
    ask('observe', () => ({
      current: machine.current,
      entries: [...machine.entries],
      releases: [...machine.releases.keys()],
    })),
  release: (id: string) => ask('release', () => machine.releases.get(id)),
  journal: (entry: FakeMachine['entries'][number]) =>
    change(`journal ${entry.phase}`, [() => machine.entries.push(entry)]),
  putFiles: ({ release }: { readonly release: Release }) =>
    // Half of it is a folder with another name.
    change('putFiles', [
      () => {},
      () => {
        machine.releases.set(release.id, release)
        machine.edited.delete(release.id)
      },
    ]),
  requireFiles: async ({ id }: Release) => {
    const mended = machine.edited.has(id) ? [`releases/${id}`] : []
    await change('requireFiles', [() => {}, () => machine.edited.delete(id)])
    return mended
  },
  commit: (id: string | undefined) =>
    change('commit', [
      () => {
        machine.current = id
      },
    ]),
  prune: () => change('prune', []),
})

const startContainer = (
  machine: FakeMachine,
  { container, service, image }: Member,
  {
    release,
    stack,
    behaviour,
    remake,
  }: { release: string; stack: Stack; behaviour: FakeOptions['behaviour']; remake: readonly string[] },
): void => {
  const before = machine.containers.get(container)
  if (before?.image === image && before.running && before.behaviour !== 'out-of-memory' && !remake.includes(service))
    return
  if (!machine.images.has(image)) throw new CliError(`fake: no such image: ${image}`)
  machine.started += 1
  machine.containers.set(container, {
    release,
    stack,
    image,
    behaviour: behaviour(release, service),
    startedAt: machine.started,
    looks: 0,
    running: true,
  })
}

/** The rules of the product, but for what the fake has not: files, networks, settings one by one. */
const findFakeDrift = (machine: FakeMachine, { stacks }: Release): readonly Drift[] =>
  stacks.flatMap(({ stack, members }) =>
    members.flatMap((member) => {
      const container = machine.containers.get(member.container)
      const about = { kind: 'container', subject: member.service, stack } as const
      if (container?.altered && container.image === member.image)
        return [makeDrift('was changed by hand', { ...about, remake: member.service })]
      const state = container === undefined ? undefined : inspectFake(member.container, container)
      const difference = findDifference(member, state, HEALTHY_SOON)
      return difference === undefined ? [] : [makeDrift(difference, about)]
    }),
  )

const fakeStacks = (
  machine: FakeMachine,
  behaviour: FakeOptions['behaviour'],
  { change, look }: Calls,
): Pick<ReleaseHost, 'up' | 'drift' | 'stop' | 'down' | 'states' | 'probe' | 'logs'> => {
  const inStack = (stack: Stack) => [...machine.containers].filter(([, one]) => one.stack === stack)
  const remove = (stack: Stack, keep: readonly Member[]) =>
    inStack(stack)
      .filter(([name]) => !keep.some(({ container }) => container === name))
      .map(
        ([name]) =>
          () =>
            machine.containers.delete(name),
      )
  return {
    up: (release, stack, { remake }) => {
      const members = findMembers(release, stack)
      const starts = members.map(
        (member) => () => startContainer(machine, member, { release: release.id, stack, behaviour, remake }),
      )
      const guard = () => {
        if (machine.edited.has(release.id)) throw new CliError(`fake: ${release.id} is not as it was made`)
        for (const [name, one] of inStack(stack)) machine.containers.set(name, { ...one, paused: false })
      }
      return change(`up ${stack}`, [guard, ...starts, ...remove(stack, members)])
    },
    drift: (release) => look('drift', () => findFakeDrift(machine, release)),
    stop: (_, stack) =>
      change(
        `stop ${stack}`,
        inStack(stack).map(
          ([name, one]) =>
            () =>
              machine.containers.set(name, { ...one, running: false }),
        ),
      ),
    down: (_, stack) => change(`down ${stack}`, remove(stack, [])),
    states: (members) =>
      look('states', () =>
        members.flatMap(({ container }) => {
          const found = machine.containers.get(container)
          if (found === undefined) return []
          machine.containers.set(container, { ...found, looks: found.looks + 1 })
          return [inspectFake(container, found)]
        }),
      ),
    probe: () => look('probe', () => []),
    logs: (container) => look('logs', () => [`last words of ${container}`]),
  }
}

const fakeSupplies = (
  machine: FakeMachine,
  { change }: Calls,
): Pick<ReleaseHost, 'bringImages' | 'prepare' | 'snapshot' | 'migrate' | 'restore'> => ({
  bringImages: ({ images }) =>
    change(
      'bringImages',
      images.map(
        ({ name }) =>
          () =>
            machine.images.add(name),
      ),
    ),
  prepare: async () => {
    await change('prepare', [])
    return []
  },
  snapshot: (_, name) =>
    change('snapshot', [
      () => {},
      () => {
        // One that is whole is left as it is.
        if (!machine.snapshots.has(name)) machine.snapshots.set(name, new Map(machine.documents))
      },
    ]),
  migrate: ({ to }) =>
    change(
      'migrate',
      Object.entries(to.migrations).map(
        ([service, { version }]) =>
          () =>
            machine.documents.set(service, version),
      ),
    ),
  restore: (_, name) =>
    change('restore', [
      () => {
        const documents = machine.snapshots.get(name)
        if (documents === undefined) throw new CliError(`fake: no snapshot ${name}`)
        machine.documents = new Map(documents)
      },
    ]),
})

/** A deployer's view of the machine: the lease it took, and the troubles on its way. */
export const fakeHost = ({ behaviour, ...options }: FakeOptions): ReleaseHost => {
  const { machine } = options
  const calls = openCalls(options)
  return {
    name: 'fake',
    ...fakeFiles(machine, calls),
    ...fakeStacks(machine, behaviour, calls),
    ...fakeSupplies(machine, calls),
  }
}
