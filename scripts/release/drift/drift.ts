import type { HostFacts } from '#common/host/facts/host-facts'
import { bad, type Finding, type Verdict } from '#common/host/finding'
import type { Release } from '../content/release.ts'
import type { Expected } from '../expected/compose.ts'

/** One thing of a host that is not as its release says. A deploy of the release mends it. */
export type Drift = Finding & {
  readonly kind: 'file' | 'network' | 'container' | 'stray'
  /** The stack that has to be brought up for it; empty for what no container has to do with. */
  readonly stack: string
  /** The service whose container has to be made anew, because Compose does not see by itself what is wrong with it. */
  readonly remake?: string
  /** The container that has to go, because it may be one that Compose does not take for an orphan. */
  readonly remove?: string
}

/** What bringing a stack up has to do beside what Compose does by itself. */
export type Mending = { readonly remake: readonly string[]; readonly remove: readonly string[] }

export type DriftInput = {
  /** At the level `release` or above, of this release. */
  readonly facts: HostFacts & Required<Pick<HostFacts, 'deployed'>>
  readonly release: Release
  readonly expected: Expected
  readonly dir: string
}

/** What repairs every drift. */
export const DEPLOY = 'bun run deploy:pi'

/** A drift by what shows it; the repair of all is the same. */
export const makeDrift = (evidence: string, about: Omit<Drift, keyof Verdict>): Drift => ({
  ...about,
  ...bad(evidence, DEPLOY),
})

/** A drift as one line. */
export const formatDrift = ({ subject, evidence }: Drift): string => `${subject}: ${evidence}`
