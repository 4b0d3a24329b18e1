import { tools } from '#catalog'
import type { Result } from '../probe.ts'
import type { Container } from './container.ts'
import type { Expected } from './expected.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'
import type { Counts } from './history.ts'
import { hostRules } from './host-rules.ts'
import { judgeService, type ServiceView } from './service-rules.ts'

/** All that one check learned. Times are epoch ms. */
export type Watched = {
  /** What services answered, those that were asked. */
  readonly services: readonly Result[]
  readonly expected: readonly Expected[]
  /** Not there: the host was not asked. */
  readonly facts?: Facts
  /** What the last check counted. */
  readonly counts: Counts
  readonly now: number
  /** Only these stacks were asked for, and nothing about the host; empty: all. */
  readonly chosen?: readonly string[]
}

/** Containers that are watched: those of `docker compose run` and of tools come and go. */
const watched = ({ facts, chosen = [] }: Watched): readonly Container[] =>
  (facts?.containers ?? []).filter(
    ({ oneoff, service, project }) =>
      !oneoff &&
      !Object.hasOwn(tools, service) &&
      (chosen.length === 0 || chosen.includes(project.replace(/^lucid-/, ''))),
  )

/** By service; where an old container was left beside the new one, the one that runs. */
const byService = (containers: readonly Container[]): ReadonlyMap<string, Container> =>
  new Map(
    containers
      .toSorted((a, b) => Number(a.state === 'running') - Number(b.state === 'running'))
      .map((container) => [container.service, container]),
  )

const views = (all: Watched): readonly ServiceView[] => {
  const { services, expected, facts, now } = all
  const containers = byService(watched(all))
  // An engine knows of services only when it was asked; without it, what only it knows is not asked either.
  const wanted = facts === undefined ? [] : expected.map(({ service }) => service)
  const names = new Set([...wanted, ...services.map(({ name }) => name), ...containers.keys()])
  return [...names].map((service) => {
    const [http, container] = [services.find(({ name }) => name === service), containers.get(service)]
    const known = expected.find((one) => one.service === service)
    return {
      service,
      stack: known?.stack ?? http?.stack ?? container?.project.replace(/^lucid-/, '') ?? '',
      ...(known && { expected: known }),
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
export const findingsOf = (all: Watched): readonly Finding[] => {
  const { facts, counts, now, chosen = [] } = all
  const services = views(all)
    .filter(isAsked)
    .map((view) => ({ subject: view.service, ...judgeService(view) }))
  const own = facts && { ...facts, containers: watched(all) }
  const host =
    own === undefined || chosen.length > 0
      ? []
      : hostRules.flatMap(({ judge }) => judge({ facts: own, counts, now }))
  return [...services, ...host]
}
