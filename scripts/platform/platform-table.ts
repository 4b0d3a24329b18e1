import { duration } from '#common/cli/format'
import type { Colour, Style } from '#common/cli/style'
import { type Cell, type Column, table } from '#common/cli/table'
import type { Part, Text } from '#common/cli/text'
import type { State, View } from './unit-state.ts'

const colours: Readonly<Record<State, Colour>> = {
  waiting: 'dim',
  starting: 'yellow',
  healthy: 'green',
  restarting: 'red',
  stopping: 'yellow',
  stopped: 'dim',
  failed: 'red',
}

const columns: readonly Column[] = [
  { title: 'service' },
  { title: 'stack' },
  { title: 'port', align: 'right' },
  { title: 'state' },
  { title: 'time', align: 'right' },
]

const stateCell = ({ state, restarts }: View): Cell => ({
  text: restarts > 0 ? `${state} (restart ${restarts})` : state,
  colour: colours[state],
})

/** How long a start took, or has taken so far; nothing where no start is under way. */
const timeOf = ({ state, readyMs, startedAt }: View, now: number): string => {
  if (state === 'healthy' && readyMs !== undefined) return duration(readyMs)
  return state === 'starting' && startedAt !== undefined ? duration(now - startedAt) : ''
}

/** The platform as a table. `now` is epoch ms. */
export const renderPlatform = (views: readonly View[], style: Style, now: number): Text =>
  table(
    columns,
    views.map((view) => [view.name, view.stack, String(view.port), stateCell(view), timeOf(view, now)]),
    style,
  )

/** One line for each service whose state changed, for pipes: `healthy   session-chunker  8090  412 ms`. */
export const renderChanges = (before: readonly View[], after: readonly View[], now: number): readonly string[] => {
  const states = new Map(before.map((view) => [view.name, view.state]))
  const width = Math.max(0, ...after.map(({ name }) => name.length))
  return after
    .filter(({ name, state }) => states.get(name) !== state && state !== 'waiting')
    .map((view) => [view.state.padEnd(10), view.name.padEnd(width), view.port, timeOf(view, now)].join('  ').trimEnd())
}

/** What stands at the end of a start: `12 services healthy in 2.4 s`. */
export const renderSummary = (views: readonly View[], ms: number): Part => {
  const healthy = views.filter(({ state }) => state === 'healthy').length
  return { text: `${healthy} ${healthy === 1 ? 'service' : 'services'} healthy in ${duration(ms)}`, colour: 'green' }
}
