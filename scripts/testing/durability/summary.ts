import { duration } from '#common/cli/format'
import { type DatabaseKill, slowest } from './database-fault-injector.ts'
import type { Kill } from './fault-injector.ts'
import { phases } from './fault-schedule.ts'
import type { KillRun } from './kill-run.ts'

const counted = (names: readonly string[]): string =>
  [...new Set(names)]
    .toSorted()
    .map((name) => `${name} ${names.filter((one) => one === name).length}`)
    .join(', ')

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

const whileIn = (kills: readonly { readonly phase: string }[]): string =>
  `  while: ${phases.map((name) => `${name} ${kills.filter(({ phase }) => phase === name).length}`).join(', ')}`

/** What became of the sessions, the same for every kind of kill. */
const outcome = ({ journal, verdicts, gaveUp }: KillRun<unknown>): readonly string[] => {
  const observations = journal.observations()
  const answers = sum(observations.map((one) => one.answers))
  const acknowledged = sum(observations.map((one) => one.acknowledged))
  const resumed = observations.filter((one) => one.resumed > 0).length
  return [
    `  ${verdicts.length} sessions: ${counted(verdicts.map(({ end }) => end))}; ${resumed} resumed`,
    `  ${acknowledged} acknowledged bytes in ${answers} answers, ${sum(verdicts.map(({ bytes }) => bytes))} bytes in ${sum(verdicts.map(({ chunks }) => chunks))} chunks verified and compared`,
    ...(gaveUp.length === 0 ? [] : [`  clients gave up: ${counted(gaveUp.map(({ why }) => why))}`]),
  ]
}

/** What a run of the kill test did, in a few lines. */
export const summarizeKills = (run: KillRun<Kill>): string =>
  [
    `kill test, ${run.store}: ${run.kills.length} kills: ${counted(run.kills.map(({ service }) => service))}`,
    whileIn(run.kills),
    ...outcome(run),
  ].join('\n')

const part = (sorted: readonly number[], share: number): string =>
  duration(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)

/** What a run of the kill test of the database did, with how long services took to be healthy after its return. */
export const summarizeDatabaseKills = (run: KillRun<DatabaseKill>): string => {
  const { store, kills } = run
  const times = kills.map((kill) => slowest(kill).ms).toSorted((a, b) => a - b)
  const away = kills.map((kill) => kill.away)
  return [
    `kill test of the database, ${store}: ${kills.length} kills, away for ${duration(Math.min(...away))} to ${duration(Math.max(...away))}`,
    whileIn(kills),
    `  all services healthy again after: median ${part(times, 0.5)}, 90 % ${part(times, 0.9)}, longest ${part(times, 1)}; slowest of all: ${counted(kills.map((kill) => slowest(kill).service))}`,
    ...outcome(run),
  ].join('\n')
}
