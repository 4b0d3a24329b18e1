import type { Stack } from '#catalog'
import type { ContainerState } from '#common/host/facts/container'
import type { ReleasePair } from '../content/migrations.ts'
import type { Bundle, Member, Release } from '../content/release.ts'
import type { Drift, Mending } from '../drift/drift.ts'
import type { Entry } from './journal.ts'

/** What a host knows of its releases. */
export type HostReleases = {
  readonly current: string | undefined
  readonly entries: readonly Entry[]
  readonly releases: readonly string[]
}

/** Words while a step is at work: something to know, and how far it is. */
export type StepReporter = { readonly note: (text: string) => void; readonly progress: (text: string) => void }

/** A host under a lease, as deploy, rollback, update see it: idempotent. Throws ConnectionLost, LeaseLost, CliError. */
export type ReleaseHost = {
  readonly name: string
  readonly observe: () => Promise<HostReleases>
  readonly release: (id: string) => Promise<Release | undefined>
  /** Appends to the journal; on the disk when it returns. */
  readonly journal: (entry: Entry) => Promise<void>
  readonly putFiles: (bundle: Bundle) => Promise<void>
  /** Puts files changed by hand right; names those. Throws CliError when they cannot be. */
  readonly requireFiles: (release: Release) => Promise<readonly string[]>
  /** Brings what is missing and checks each image against its digests. */
  readonly bringImages: (release: Release, show: StepReporter) => Promise<void>
  /** Secrets, identities, networks. Never replaces a secret. Answers what it put right, a sentence each. */
  readonly prepare: (release: Release) => Promise<readonly string[]>
  /** Everything that is not as a release says; what is about to be well is. */
  readonly drift: (release: Release) => Promise<readonly Drift[]>
  /** Lets go what is paused, and starts a stack; some of its services are made anew in any case, and strays removed. */
  readonly up: (release: Release, stack: Stack, mending: Mending) => Promise<void>
  readonly stop: (release: Release, stack: Stack) => Promise<void>
  /** Takes the containers of a stack away; volumes stay. */
  readonly down: (release: Release, stack: Stack) => Promise<void>
  /** Copies the documents that two releases have in different shapes, under a name of this run. */
  readonly snapshot: (between: ReleasePair, name: string) => Promise<void>
  readonly migrate: (between: ReleasePair) => Promise<void>
  readonly restore: (between: ReleasePair, name: string) => Promise<void>
  readonly states: (members: readonly Member[]) => Promise<readonly ContainerState[]>
  /** Runs the health checks of containers now; names of those whose check ended with 0. */
  readonly probe: (members: readonly Member[]) => Promise<readonly string[]>
  readonly logs: (container: string) => Promise<readonly string[]>
  /** From here on the release is the one of the host, or none is; on the disk when it returns. */
  readonly commit: (id: string | undefined) => Promise<void>
  /** Removes files and images of releases, and snapshots, that are not among these. */
  readonly prune: (keep: {
    readonly releases: readonly Release[]
    readonly snapshots: readonly string[]
  }) => Promise<void>
}

/** The clock and the patience of a run. */
export type Timing = {
  readonly now: () => number
  readonly pause: (ms: number) => Promise<unknown>
  readonly limitMs: number
  /** How long a service that was started must stay well before the release counts, ms. */
  readonly settleMs: number
}
