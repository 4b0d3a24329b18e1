import type { Release } from '../../release/content/release.ts'
import { formatStep, planBackward, planForward, type Step } from '../../release/run/plan.ts'
import type { EngineFailure } from './engine-failures.ts'
import few from './few-points.json' with { type: 'json' }

/** What a host is on before a point. */
export type Before = 'empty' | 'one' | 'two'

/** A run into which a fault is injected, and what the host must be on for it. */
export const scenarios = {
  'first deploy': 'empty',
  deploy: 'one',
  rollback: 'two',
  'failed deploy': 'one',
} as const satisfies Readonly<Record<string, Before>>
export type Scenario = keyof typeof scenarios

/** What happens while a deployer stands at a line of its journal. Times are ms after it went on. */
export type Fault =
  | { readonly kind: 'kill'; readonly after?: number }
  /** `cut`: once, so many bytes later; `hang`: for a while; `gone`: until the deployer gives up. */
  | { readonly kind: 'line'; readonly how: { readonly cut: number } | 'hang' | 'gone' }
  | { readonly kind: 'disk'; readonly lasts: 'short' | 'long' }
  | { readonly kind: 'engine'; readonly how: EngineFailure; readonly lasts: 'short' | 'long' }
  | { readonly kind: 'power' }

/** The command that a person types afterwards. */
export type Next = 'deploy' | 'rollback'

export type Point = {
  readonly scenario: Scenario
  /** The line of the journal. */
  readonly at: string
  readonly fault: Fault
  readonly next: Next
}

const lasts = ['short', 'long'] as const
const failures = ['refuse', 'half', 'after'] as const

/** What each kind of fault looks like at the nth place. */
const kinds = {
  line: (n) => {
    const [cut, how] = [{ cut: 40 + 97 * n }, (['gone', 'hang'] as const)[(n >> 1) % 2] ?? 'gone']
    return { kind: 'line', how: n % 2 === 0 ? cut : how }
  },
  disk: (n) => ({ kind: 'disk', lasts: lasts[n % 2] ?? 'long' }),
  engine: (n) => ({ kind: 'engine', how: failures[n % 3] ?? 'refuse', lasts: lasts[(n >> 1) % 2] ?? 'long' }),
  power: () => ({ kind: 'power' }),
} as const satisfies Readonly<Record<string, (n: number) => Fault>>

/** Ms into a stack's start at which a deployer is killed: Compose is then at work on the host, alone. */
const INTO = [150, 700]

const listNames = (steps: readonly Step[], prefix = ''): readonly string[] =>
  steps.map((step) => prefix + formatStep(step))

/** Of every so many steps a start. */
const starts = (steps: readonly string[], every = 1): readonly string[] =>
  steps.filter((_, n) => n % every === 0).map((step) => `${step} start`)

const lines = (steps: readonly string[]): readonly string[] =>
  steps.flatMap((step) => [`${step} start`, `${step} done`])

/** The whole sweep. `failing` is a release that does not make it. */
export const listPoints = ({
  one,
  two,
  failing,
}: Readonly<Record<'one' | 'two' | 'failing', Release>>): readonly Point[] => {
  const steps: Readonly<Record<Scenario, readonly string[]>> = {
    'first deploy': listNames(planForward(undefined, one)),
    deploy: listNames(planForward(one, two)),
    rollback: listNames(planForward(two, one)),
    'failed deploy': listNames(planBackward(one, failing, { migrated: false }), 'back:'),
  }
  const every: readonly (readonly [keyof typeof kinds, Readonly<Record<Scenario, number>>])[] = [
    ['line', { 'first deploy': 2, deploy: 1, rollback: 1, 'failed deploy': 1 }],
    ['disk', { 'first deploy': 3, deploy: 1, rollback: 2, 'failed deploy': 2 }],
    ['engine', { 'first deploy': 3, deploy: 1, rollback: 1, 'failed deploy': 2 }],
    ['power', { 'first deploy': 5, deploy: 2, rollback: 3, 'failed deploy': 3 }],
  ]
  const places = (Object.keys(scenarios) as Scenario[]).flatMap((scenario): readonly Omit<Point, 'next'>[] => {
    const all = steps[scenario]
    const ends = scenario === 'failed deploy' ? ['end'] : ['begin', 'end']
    return [
      ...[...lines(all), ...ends].map((at) => ({ scenario, at, fault: { kind: 'kill' } as const })),
      ...(scenario === 'deploy' || scenario === 'rollback' ? all.filter((name) => name.startsWith('up:')) : []).flatMap(
        (name) => INTO.map((after) => ({ scenario, at: `${name} start`, fault: { kind: 'kill', after } as const })),
      ),
      ...every.flatMap(([kind, often]) =>
        starts(all, often[scenario]).map((at, n) => ({ scenario, at, fault: kinds[kind](n) })),
      ),
    ]
  })
  return places.map((place, n) => ({ ...place, next: n % 3 === 2 ? 'deploy' : 'rollback' }))
}

/** A point in words. */
export const describePoint = ({ scenario, at, fault, next }: Point): string => {
  const { kind, ...how } = fault
  const details = Object.keys(how).length === 0 ? '' : ` ${JSON.stringify(how)}`
  return `${scenario}, ${kind}${details} at ${at}, then ${next}`
}

/** Points for a check that has a minute: each kind of fault, on the first two stacks. They chain without a deploy between them. */
export const fewPoints = few as readonly Point[]
