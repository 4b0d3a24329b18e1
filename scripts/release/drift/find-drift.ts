import { listMembers } from '../content/release.ts'
import { findDifference, HEALTHY } from '../run/gate-rules.ts'
import { compareContainer } from './container-drift.ts'
import { type Drift, type DriftInput, makeDrift } from './drift.ts'
import { findFileDrift } from './file-drift.ts'
import { findNetworkDrift } from './network-drift.ts'

/** One container of a release: its state, what it was made from, and how it is made. */
const findContainerDrift = (input: DriftInput, healthy: Parameters<typeof findDifference>[2]): readonly Drift[] => {
  const { facts, release, expected } = input
  return listMembers(release).flatMap((member): readonly Drift[] => {
    const { service, container: name } = member
    const container = facts.containers.find((one) => one.name === name)
    const wanted = expected.services[service]
    const about = { kind: 'container', subject: service, stack: wanted?.stack ?? '' } as const
    const difference = findDifference(member, container, healthy)
    const state = difference === undefined ? [] : [makeDrift(difference, about)]
    if (container === undefined || wanted === undefined) return state
    // Of one that lives in the network of another, Compose hashes that container's id, which no file says.
    const hash = wanted.shares === undefined ? facts.deployed.hashes[wanted.stack]?.[service] : undefined
    // What its file says otherwise Compose puts right by itself; until then nothing more can be compared with it.
    if (hash !== undefined && container.configHash !== hash)
      return [...state, makeDrift('was not made from the file of the release', about)]
    const altered = compareContainer(wanted, container, input)
    return altered.length === 0 ? state : [...state, makeDrift(altered.join('; '), { ...about, remake: service })]
  })
}

/** Those that live in the network of a container that is made anew: they lose it with that one. */
const findGuests = ({ expected }: DriftInput, drift: readonly Drift[]): readonly Drift[] =>
  Object.values(expected.services).flatMap(({ name, stack, shares }) =>
    shares !== undefined &&
    drift.some(({ remake }) => remake === shares) &&
    drift.every(({ remake }) => remake !== name)
      ? [
          makeDrift(`lives in the network of ${shares}, which is made anew`, {
            kind: 'container',
            subject: name,
            stack,
            remake: name,
          }),
        ]
      : [],
  )

/** Containers in the stacks of a release that it does not have. Those that were started by hand come and go. */
const findStrays = ({ facts, release }: DriftInput): readonly Drift[] => {
  const members = new Set(listMembers(release).map(({ container }) => container))
  return facts.containers
    .filter(({ name, oneoff }) => !oneoff && !members.has(name))
    .flatMap(({ name, project }) => {
      const stack = release.stacks.find((one) => project === `lucid-${one.stack}`)?.stack
      return stack === undefined
        ? []
        : [makeDrift('is not of the release', { kind: 'stray', subject: `container:${name}`, stack, remove: name })]
    })
}

/** What differs between what runs, what lies there and the release, one finding a thing. `healthy`: what counts. */
export const findDrift = (input: DriftInput, healthy = HEALTHY): readonly Drift[] => {
  const containers = findContainerDrift(input, healthy)
  return [
    ...findFileDrift(input),
    ...findNetworkDrift(input),
    ...containers,
    ...findGuests(input, containers),
    ...findStrays(input),
  ]
}
