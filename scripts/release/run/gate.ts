import type { ContainerState } from '#common/host/facts/container'
import { CliError } from '../../cli/fail.ts'
import type { Member } from '../content/release.ts'
import { addState, judge, type Verdict, type Watched, watch } from './gate-rules.ts'
import type { ReleaseHost, Timing } from './release-host.ts'

/** A service that did not make it; the details are the last lines of its log. */
export class Unhealthy extends CliError {
  readonly service: string

  constructor(service: string, why: string, log: readonly string[]) {
    super(`${service}: ${why}`, { details: log })
    this.name = 'Unhealthy'
    this.service = service
  }
}

/** One row of the live table. */
export type Seen = { readonly member: Member; readonly verdict: Verdict; readonly state: ContainerState | undefined }

/** Everything that was brought up in a run, by container. */
export type Watch = {
  /** Waits until all of these are well; looks after those that came before, too. Throws Unhealthy. */
  readonly until: (members: readonly Member[]) => Promise<void>
  /** Waits until everything that was started since `before` has been well for a while. Throws Unhealthy. */
  readonly settle: (before: readonly ContainerState[]) => Promise<void>
}

/** Time between two inspections, ms: one costs the host some ten milliseconds. */
const INTERVAL = 250
/** A health check is run by us after this time and then each time twice as late: engines before 25 wait a whole interval for the first. */
const FIRST_PROBE = 500
const MOST_BETWEEN_PROBES = 4_000

type Inspected = Iterable<Watched>
type Probes = Map<string, { readonly at: number; readonly wait: number }>

const selectDue = (
  watched: Inspected,
  states: ReadonlyMap<string, ContainerState>,
  { probes, at }: { readonly probes: Probes; readonly at: number },
): readonly Member[] =>
  [...watched]
    .filter(({ member, wellAt }) => {
      const state = states.get(member.container)
      if (member.proof.kind !== 'healthy' || state?.status !== 'running') return false
      // The engine counts failures from before it was well, too: what our own check says decides.
      if (wellAt !== undefined) return state.health === 'unhealthy'
      return state.health !== 'healthy' && (probes.get(member.container)?.at ?? 0) <= at
    })
    .map(({ member }) => member)

const postpone = (probes: Probes, asked: readonly Member[], at: number): void => {
  for (const { container } of asked) {
    const wait = Math.min((probes.get(container)?.wait ?? FIRST_PROBE) * 2, MOST_BETWEEN_PROBES)
    probes.set(container, { at: at + wait, wait })
  }
}

/** When the last of those that were started since `before` was first well; `now` while one is not. */
const findYoungest = (watched: Inspected, before: readonly ContainerState[], now: number): number => {
  const starts = new Map(before.map(({ name, startedAt }) => [name, startedAt]))
  const started = [...watched].filter(
    ({ member, wellStart }) => member.proof.kind !== 'ends' && starts.get(member.container) !== wellStart,
  )
  return Math.max(Number.NEGATIVE_INFINITY, ...started.map(({ wellAt }) => wellAt ?? now))
}

/** Watches containers of a run. `show` gets what each inspection found. */
export const openWatch = (
  host: Pick<ReleaseHost, 'states' | 'probe' | 'logs'>,
  { now, pause, limitMs, settleMs }: Timing,
  show: (seen: readonly Seen[]) => void,
): Watch => {
  const watched = new Map<string, Watched>()
  const probes: Probes = new Map()

  const inspect = async (): Promise<readonly Seen[]> => {
    const members = [...watched.values()].map(({ member }) => member)
    const states = new Map((await host.states(members)).map((state) => [state.name, state]))
    const asked = selectDue(watched.values(), states, { probes, at: now() })
    const well = new Set(asked.length === 0 ? [] : await host.probe(asked))
    const at = now()
    postpone(probes, asked, at)
    for (const [container, before] of watched)
      watched.set(container, addState(before, states.get(container), { now: at, probed: well.has(container) }))
    const seen = [...watched.values()].map((one) => ({
      member: one.member,
      state: one.state,
      verdict: judge(one, { now: at, limitMs }),
    }))
    show(seen)
    for (const { member, verdict } of seen)
      if (verdict.kind === 'failed')
        throw new Unhealthy(member.service, verdict.why, await host.logs(member.container).catch(() => []))
    return seen
  }

  return {
    until: async (members) => {
      const since = now()
      for (const member of members) {
        watched.set(member.container, watch(member, since))
        probes.set(member.container, { at: since + FIRST_PROBE, wait: FIRST_PROBE })
      }
      while ((await inspect()).some(({ verdict }) => verdict.kind !== 'well')) await pause(INTERVAL)
    },
    settle: async (before) => {
      while (now() - findYoungest(watched.values(), before, now()) < settleMs) {
        await pause(INTERVAL)
        await inspect()
      }
    },
  }
}
