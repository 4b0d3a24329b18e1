import { duration } from '../../cli/format.ts'
import { type DatabaseKill, slowest } from './database-killer.ts'
import { phases } from './deck.ts'
import type { Seen } from './journal.ts'
import type { Judgement } from './judge.ts'
import type { Kill } from './killer.ts'
import type { GaveUp } from './rounds.ts'

const counted = (names: readonly string[]): string =>
  [...new Set(names)]
    .toSorted()
    .map((name) => `${name} ${names.filter((one) => one === name).length}`)
    .join(', ')

type Outcome = {
  readonly seen: readonly Seen[]
  readonly judged: readonly Judgement[]
  readonly gaveUp: readonly GaveUp[]
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

const whileIn = (kills: readonly { readonly phase: string }[]): string =>
  `  while: ${phases.map((name) => `${name} ${kills.filter(({ phase }) => phase === name).length}`).join(', ')}`

/** What became of the sessions, the same for every kind of kill. */
const outcome = ({ seen, judged, gaveUp }: Outcome): readonly string[] => {
  const looks = sum(seen.map((one) => one.looks))
  const promised = sum(seen.map((one) => one.acknowledged))
  const resumed = seen.filter((one) => one.resumed > 0).length
  return [
    `  ${judged.length} sessions: ${counted(judged.map(({ end }) => end))}; ${resumed} resumed`,
    `  ${promised} acknowledged bytes in ${looks} looks, ${sum(judged.map(({ bytes }) => bytes))} bytes in ${sum(judged.map(({ chunks }) => chunks))} chunks verified and compared`,
    ...(gaveUp.length === 0 ? [] : [`  clients gave up: ${counted(gaveUp.map(({ why }) => why))}`]),
  ]
}

/** What a run of the kill test did, in a few lines. `store`: where documents were kept. */
export const killSummary = ({
  store,
  rounds,
  kills,
  ...rest
}: Outcome & {
  readonly store: string
  readonly rounds: number
  readonly kills: readonly Kill[]
}): string =>
  [
    `kill test, ${store}: ${rounds} rounds, ${kills.length} kills: ${counted(kills.map(({ service }) => service))}`,
    whileIn(kills),
    ...outcome(rest),
  ].join('\n')

const part = (sorted: readonly number[], share: number): string =>
  duration(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)

/** What a run of the kill test of the database did, with how long services took to be healthy after its return. */
export const databaseSummary = ({
  store,
  kills,
  ...rest
}: Outcome & { readonly store: string; readonly kills: readonly DatabaseKill[] }): string => {
  const times = kills.map((kill) => slowest(kill).ms).toSorted((a, b) => a - b)
  return [
    `kill test of the database, ${store}: ${kills.length} kills, away for ${duration(Math.min(...kills.map(({ away }) => away)))} to ${duration(Math.max(...kills.map(({ away }) => away)))}`,
    whileIn(kills),
    `  all services healthy again after: median ${part(times, 0.5)}, 90 % ${part(times, 0.9)}, longest ${part(times, 1)}; slowest of all: ${counted(kills.map((kill) => slowest(kill).service))}`,
    ...outcome(rest),
  ].join('\n')
}
