import type { Facts } from './facts.ts'
import type { Diagnosed, RootCause } from './finding.ts'

/** How the subject of a cause has to do with that of an effect. */
type Link = 'same' | 'uses' | 'needs' | 'all'

type Edge = {
  readonly cause: readonly string[]
  readonly effect: readonly string[] | 'down'
  readonly link: Link
  /** What the effect's evidence must say. */
  readonly when?: RegExp
}

const DOWN: readonly string[] = [
  'no-image',
  'never-made',
  'paused',
  'port-taken',
  'wrong-platform',
  'no-program',
  'engine-refuses',
  'out-of-memory',
  'configuration',
  'restart-loop',
  'never-started',
  'stopped',
  'ended',
  'tor-not-joined',
  'unhealthy',
  'never-well',
]

/** What a service shows because of it, beside being down. */
const SYMPTOMS: readonly string[] = ['silent-port', 'not-published', 'no-way', 'no-name']

const NO_ROOM = /ENOSPC|no space left|disk full/i
const NO_WRITE = /EROFS|read-only file ?system/i
const NO_RIGHT = /EACCES|EPERM|permission denied|operation not permitted/i

/** What explains what, most fundamental first. A row about a subject used or needed follows the expected state. */
const edges: readonly Edge[] = [
  { cause: ['disk-full'], effect: ['full', 'read-only'], link: 'all' },
  { cause: ['read-only-disk'], effect: ['read-only'], link: 'all' },
  { cause: ['disk-full', 'disk-no-inodes'], effect: 'down', link: 'all', when: NO_ROOM },
  { cause: ['read-only-disk'], effect: 'down', link: 'all', when: NO_WRITE },
  { cause: ['wrong-clock'], effect: ['tor-not-joined'], link: 'all' },
  { cause: ['no-memory-limits'], effect: ['host-memory', 'swapping'], link: 'all' },
  { cause: ['host-memory'], effect: ['swapping', 'load', 'slow-disk'], link: 'all' },
  { cause: ['heat', 'under-voltage'], effect: ['load'], link: 'all' },
  { cause: ['subnet-taken'], effect: ['no-network', 'wrong-network', 'route-clash'], link: 'same' },
  { cause: ['subnet-taken', 'no-network', 'wrong-network'], effect: ['not-attached', ...SYMPTOMS], link: 'uses' },
  { cause: ['subnet-taken', 'no-network', 'wrong-network'], effect: 'down', link: 'uses' },
  { cause: ['no-volume', 'lost-volume'], effect: 'down', link: 'uses' },
  { cause: ['wrong-owner', 'foreign-files', 'closed'], effect: 'down', link: 'uses' },
  { cause: ['full', 'no-inodes', 'read-only'], effect: 'down', link: 'uses' },
  { cause: ['no-file', 'closed-file', 'empty-secret', 'no-image'], effect: 'down', link: 'uses' },
  { cause: ['altered-limits'], effect: ['memory-limit', 'processor-limit', 'process-limit'], link: 'same' },
  { cause: ['altered-limits'], effect: 'down', link: 'same' },
  { cause: ['process-limit', 'memory-limit', 'not-attached'], effect: 'down', link: 'same' },
  { cause: ['route-clash'], effect: SYMPTOMS, link: 'uses' },
  { cause: ['not-attached', ...DOWN], effect: SYMPTOMS, link: 'same' },
  { cause: ['not-published', 'no-way'], effect: ['silent-port'], link: 'same' },
  { cause: ['not-attached', 'no-name', 'no-way', ...DOWN], effect: 'down', link: 'needs' },
  { cause: ['load', 'slow-disk', 'swapping'], effect: ['never-well'], link: 'all' },
]

/** Everybody that a service cannot do without, however far. */
const collectNeeds = (facts: Facts, name: string, visited: ReadonlySet<string> = new Set()): ReadonlySet<string> => {
  const service = facts.expected?.services[name]
  let all = visited
  for (const need of [...(service?.needs ?? []), ...(service?.shares === undefined ? [] : [service.shares])])
    if (!all.has(need)) all = collectNeeds(facts, need, new Set([...all, need]))
  return all
}

const isLinked = (facts: Facts, link: Link, cause: Diagnosed, effect: Diagnosed): boolean => {
  const service = facts.expected?.services[effect.subject]
  switch (link) {
    case 'all':
      return true
    case 'same':
      return cause.subject === effect.subject
    case 'uses':
      return (
        service !== undefined &&
        (service.networks.includes(cause.subject) ||
          service.image === cause.subject ||
          service.files.some(({ path }) => path === cause.subject) ||
          service.volumes.some(({ name }) => name === cause.subject))
      )
    case 'needs':
      return cause.subject !== effect.subject && collectNeeds(facts, effect.subject).has(cause.subject)
  }
}

const fits = (facts: Facts, edge: Edge, cause: Diagnosed, effect: Diagnosed): boolean =>
  cause !== effect &&
  edge.cause.includes(cause.kind) &&
  (edge.effect === 'down' ? DOWN : edge.effect).includes(effect.kind) &&
  (edge.when === undefined || edge.when.test(effect.evidence)) &&
  isLinked(facts, edge.link, cause, effect)

/** A service that says itself that it lacks a right or room is no consequence of a neighbour that is down. */
const hasOwnFault = (effect: Diagnosed): boolean => NO_RIGHT.test(effect.evidence) || NO_ROOM.test(effect.evidence)

/** Somebody meant it so; nothing else explains it. */
const DELIBERATE: readonly string[] = ['paused', 'stopped']

const findCause = (facts: Facts, findings: readonly Diagnosed[], effect: Diagnosed): Diagnosed | undefined => {
  if (DELIBERATE.includes(effect.kind)) return undefined
  for (const edge of edges) {
    if (edge.link === 'needs' && (isByHand(effect) || hasOwnFault(effect))) continue
    const cause = findings.find((one) => fits(facts, edge, one, effect))
    if (cause !== undefined) return cause
  }
  return undefined
}

/** Somebody did this to the container itself; no neighbour explains it. */
const isByHand = ({ kind }: Diagnosed): boolean =>
  ['never-made', 'port-taken', 'wrong-platform', 'no-program', 'no-image', 'out-of-memory'].includes(kind)

/** Findings with what they explain, causes first as they came; a consequence is shown once, under its root. */
export const findRoots = (facts: Facts, findings: readonly Diagnosed[]): readonly RootCause[] => {
  const rootOf = (finding: Diagnosed): Diagnosed => {
    const path = [finding]
    for (;;) {
      const cause = findCause(facts, findings, path.at(-1) ?? finding)
      if (cause === undefined) return path.at(-1) ?? finding
      // Those that explain each other in a circle are told under the one that came first.
      const circle = path.includes(cause) ? path.slice(path.indexOf(cause)) : []
      const [first] = circle.toSorted((a, b) => findings.indexOf(a) - findings.indexOf(b))
      if (first !== undefined) return first
      path.push(cause)
    }
  }
  const roots = new Map<Diagnosed, Diagnosed[]>()
  for (const finding of findings) {
    const root = rootOf(finding)
    roots.set(root, roots.get(root) ?? [])
    if (root !== finding) roots.get(root)?.push(finding)
  }
  // What is wrong with the machine comes first: on a disk that is full or read-only nothing else can be repaired.
  const ordered = findings.toSorted((a, b) => Number(b.subject === 'host') - Number(a.subject === 'host'))
  return ordered.flatMap((finding) => {
    const consequences = roots.get(finding)
    return consequences === undefined ? [] : [{ ...finding, consequences }]
  })
}
