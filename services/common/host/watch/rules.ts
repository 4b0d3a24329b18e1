import { tools } from '#catalog'
import type { Container } from '../facts/container.ts'
import type { HostFacts } from '../facts/host-facts.ts'
import type { Finding } from '../finding.ts'
import type { Result } from '../probe.ts'
import type { Expected } from './expected.ts'
import type { Counts } from './history.ts'
import { hostRules } from './host-rules.ts'
import { judgeService } from './service-rules.ts'
import type { ServiceView } from './service-view.ts'

/** All that one check learned. Times are epoch ms. */
export type Watched = {
  /** What services answered, those that were asked. */
  readonly services: readonly Result[]
  readonly expected: readonly Expected[]
  /** Not there: the host was not asked. */
  readonly facts?: HostFacts
  readonly counts: Counts
  readonly now: number
  /** Only these stacks were asked for, and nothing about the host; empty: all. */
  readonly chosen?: readonly string[]
}

const selectWatched = ({ facts, chosen = [] }: Watched): readonly Container[] =>
  (facts?.containers ?? []).filter(
    ({ oneoff, service, project }) =>
      !oneoff &&
      project.startsWith('lucid-') &&
      !Object.hasOwn(tools, service) &&
      (chosen.length === 0 || chosen.includes(project.replace(/^lucid-/, ''))),
  )

const pickByService = (containers: readonly Container[]): ReadonlyMap<string, Container> =>
  new Map(
    containers
      .toSorted((a, b) => Number(a.status === 'running') - Number(b.status === 'running'))
      .map((container) => [container.service, container]),
  )

const makeViews = (all: Watched): readonly ServiceView[] => {
  const { services, expected, facts, now } = all
  const containers = pickByService(selectWatched(all))
  // An engine knows of services only when it was asked; without it, what only it knows is not asked either.
  const expectedNames = facts === undefined ? [] : expected.map(({ service }) => service)
  const names = new Set([...expectedNames, ...services.map(({ name }) => name), ...containers.keys()])
  return [...names].map((service) => {
    const [http, container] = [services.find(({ name }) => name === service), containers.get(service)]
    const entry = expected.find((one) => one.service === service)
    return {
      service,
      stack: entry?.stack ?? http?.stack ?? container?.project.replace(/^lucid-/, '') ?? '',
      ...(entry && { expected: entry }),
      ...(http && { http }),
      ...(container && { container }),
      ...(facts && { facts }),
      now,
    }
  })
}

/** What is left out of the running platform on purpose is no subject. */
const isAsked = ({ http }: ServiceView) => http?.state !== 'absent'

/** Everything that is watched, and how it is: services first, in the order they came, then the host. */
export const judgeAll = (all: Watched): readonly Finding[] => {
  const { facts, counts, now, chosen = [] } = all
  const services = makeViews(all)
    .filter(isAsked)
    .map((view) => ({ subject: view.service, ...judgeService(view) }))
  const own = facts && { ...facts, containers: selectWatched(all) }
  const host =
    own === undefined || chosen.length > 0
      ? []
      : hostRules.flatMap(({ judge }) => judge({ facts: own, counts, now, expected: all.expected }))
  return [...services, ...host]
}
