import { sampleBundle } from '../content/release.fixture.ts'
import type { Release } from '../content/release.ts'
import { applyRelease } from './apply.ts'
import type { Trouble } from './fake-calls.fixture.ts'
import { type FakeOptions, fakeHost } from './fake-host.fixture.ts'
import type { FakeMachine } from './fake-machine.fixture.ts'
import type { RunKind } from './journal.ts'

export type FakeRun = {
  readonly outcome: 'done' | 'killed' | 'failed'
  readonly error?: unknown
  readonly calls: readonly string[]
}

/** One deployer's life: it brings a fake machine to a release, with troubles on the way. */
export const runFake = async (
  machine: FakeMachine,
  to: Release,
  {
    kind = 'deploy',
    troubles = [],
    behaviour = () => 'good',
    documents = 'migrate',
  }: {
    readonly kind?: RunKind
    readonly troubles?: readonly Trouble[]
    /** Documents come back from the newest snapshot instead of being migrated. */
    readonly documents?: 'migrate' | 'rewind'
    readonly behaviour?: FakeOptions['behaviour']
  } = {},
): Promise<FakeRun> => {
  const calls: string[] = []
  const death = Promise.withResolvers<FakeRun>()
  const host = fakeHost({
    machine,
    behaviour,
    troubles,
    killed: () => death.resolve({ outcome: 'killed', calls }),
    onCall: (name) => calls.push(name),
  })
  const life = applyRelease(
    {
      host,
      timing: {
        now: () => machine.clock,
        pause: async (ms) => {
          machine.clock += ms
        },
        limitMs: 60_000,
        settleMs: 5_000,
      },
      show: { step: () => {}, health: () => {}, note: () => {}, progress: () => {} },
      newId: () => `run-${machine.token}`,
    },
    {
      kind,
      to,
      bundle: kind === 'rollback' ? undefined : sampleBundle(to),
      by: 'test',
      what: `${kind} ${to.id}`,
      rewind: documents === 'rewind' ? [...machine.snapshots.keys()][0] : undefined,
    },
  ).then(
    (): FakeRun => ({ outcome: 'done', calls }),
    (error: unknown): FakeRun => ({ outcome: 'failed', error, calls }),
  )
  return Promise.race([life, death.promise])
}
