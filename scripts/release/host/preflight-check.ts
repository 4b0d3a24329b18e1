import type { HostFacts } from '#common/host/facts/host-facts'
import type { Asked } from '../../host/collect.ts'
import type { Release } from '../content/release.ts'
import type { DeepFacts } from './deep-facts.ts'

/** A host as the collector told it at the level `preflight`. */
export type PreflightHost = HostFacts & Required<Pick<HostFacts, 'readiness'>> & Asked

export type PreflightInput = {
  readonly host: PreflightHost
  readonly deep: DeepFacts
  readonly release: Release
  readonly current: Release | undefined
  /** Why the signature of the images does not hold; undefined when it does. */
  readonly signature: string | undefined
  readonly placeholders: readonly string[]
  readonly dir: string
}

export type Check = {
  readonly check: string
  readonly detail: (input: PreflightInput) => string
  /** What is wrong, with its remedy; empty is good. */
  readonly findFaults: (input: PreflightInput) => readonly (readonly [evidence: string, remedy: string])[]
}

export const when = (bad: boolean, evidence: string, remedy: string) => (bad ? [[evidence, remedy] as const] : [])

/** The platform of a host as images call it; empty when no engine answers. */
export const readPlatform = ({ engine }: Pick<HostFacts, 'engine'>): string =>
  engine.is === 'up' ? engine.platform : ''
