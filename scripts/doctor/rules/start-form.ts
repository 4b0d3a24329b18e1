import { explainExit } from '#common/host/exit-codes'
import type { Container } from '#common/host/facts/container'
import type { Facts } from '../facts.ts'
import { here, type RepairLine, recover } from '../finding.ts'
import { isAltered, lastWords, type PresentPair, type Said } from './rule.ts'

/** What the forms of a container that does not start, or does not stay, have in common. */

export const DEPLOY = here('bun run deploy:pi')

/** What puts a program right that ends or does not come up: its own release, or the one before. */
export const chooseRepair = (facts: Facts, one: PresentPair): readonly RepairLine[] =>
  !isAltered(one) && facts.expected?.release !== undefined && facts.host.diagnosis.previous
    ? [here('bun run rollback')]
    : [recover('service', one.expected.name)]

export const explainAltered = (one: PresentPair): string =>
  isAltered(one) ? 'the container was made by hand: it is not what the release says; ' : ''

export const explainEnd = (one: PresentPair): string => `${explainAltered(one)}${explainExit(one.container.exitCode)}`

export type Form = {
  readonly kind: string
  /** Judges one container that is not well. The first form that fits is the one that is told. */
  readonly of: (one: PresentPair, facts: Facts) => Said | undefined
}

export const showEnd = (facts: Facts, container: Container): string =>
  lastWords(facts, container) || container.error || `State.ExitCode ${container.exitCode}`

/** It ends again and again, whether or not it runs at this moment. */
export const isLooping = ({ container }: PresentPair, facts: Facts): boolean =>
  container.status === 'restarting' ||
  (container.restarts >= 3 && (facts.host.at ?? 0) - (container.startedAt ?? 0) < 60_000)
