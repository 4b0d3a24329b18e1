import { duration } from '#common/cli/format'
import { groupPhases } from './phases.ts'
import type { Step } from './service.ts'

type State = Step | 'unchanged' | 'built'

const DONE: readonly (State | undefined)[] = ['unchanged', 'built']

/** What a build shows while it runs: a line a phase on a terminal, a line a service in a pipe. Pure but for its memory. */
export const trackProgress = (products: readonly { readonly name: string; readonly phase: number }[]) => {
  const states = new Map<string, State>()
  const phaseLine = (group: typeof products): string => {
    const done = group.filter(({ name }) => DONE.includes(states.get(name))).length
    const busy = group.flatMap(({ name }) => {
      const state = states.get(name)
      return state === undefined || DONE.includes(state) ? [] : [`${name} ${state}`]
    })
    return [`phase ${group[0]?.phase}  ${done} of ${group.length}`, ...busy].join('  ')
  }
  return {
    /** Notes a step; `ms` is the time since the beginning. */
    note: (service: string, state: State, ms: number): { readonly text: string; readonly line: string | undefined } => {
      states.set(service, state)
      const phase = products.find(({ name }) => name === service)?.phase
      return {
        text: groupPhases(products).map(phaseLine).join('\n'),
        line: DONE.includes(state) ? `phase ${phase}  ${service}  ${state}  (${duration(ms)})` : undefined,
      }
    },
  }
}
