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

/** What a run of the kill test did, in a few lines. */
export const killSummary = ({
  rounds,
  kills,
  seen,
  judged,
  gaveUp,
}: {
  readonly rounds: number
  readonly kills: readonly Kill[]
  readonly seen: readonly Seen[]
  readonly judged: readonly Judgement[]
  readonly gaveUp: readonly GaveUp[]
}): string => {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  const looks = sum(seen.map((one) => one.looks))
  const promised = sum(seen.map((one) => one.acknowledged))
  const resumed = seen.filter((one) => one.resumed > 0).length
  return [
    `kill test: ${rounds} rounds, ${kills.length} kills: ${counted(kills.map(({ service }) => service))}`,
    `  while: ${phases.map((name) => `${name} ${kills.filter(({ phase }) => phase === name).length}`).join(', ')}`,
    `  ${judged.length} sessions: ${counted(judged.map(({ end }) => end))}; ${resumed} resumed`,
    `  ${promised} acknowledged bytes in ${looks} looks, ${sum(judged.map(({ bytes }) => bytes))} bytes in ${sum(judged.map(({ chunks }) => chunks))} chunks verified and compared`,
    gaveUp.length === 0 ? '' : `  clients gave up: ${counted(gaveUp.map(({ why }) => why))}\n`,
  ]
    .join('\n')
    .trimEnd()
}
