import { type Stack, stacks } from '#catalog'
import { findMigrations } from '../content/migrations.ts'
import type { Release } from '../content/release.ts'

/** A step of a run, as it stands in the journal. */
export type Step =
  | { readonly kind: 'files' | 'images' | 'prepare' | 'settle' | 'commit' }
  | { readonly kind: 'snapshot' | 'migrate' | 'rewind' | 'restore' }
  | { readonly kind: 'stop' | 'up' | 'health' | 'down'; readonly stack: Stack }

/** Its name: `up:core`. */
export const formatStep = (step: Step): string => ('stack' in step ? `${step.kind}:${step.stack}` : step.kind)

const stacksOf = (release: Release | undefined): readonly Stack[] =>
  release === undefined ? [] : stacks.filter((stack) => release.stacks.some((one) => one.stack === stack))

/**
 * From one release to another: everything that can fail without touching what runs comes first, then the stacks in
 * their order, each gated on health. Only `commit` makes the new release the one of the host. `rewinds`: documents are
 * not migrated but put back from a snapshot of the older release.
 */
export const planForward = (
  from: Release | undefined,
  to: Release,
  { rewinds = false }: { readonly rewinds?: boolean } = {},
): readonly Step[] => {
  const gone = stacksOf(from).filter((stack) => !stacksOf(to).includes(stack))
  const migrates = findMigrations(from, to).length > 0
  // A database must run to be migrated, and must not to be put back.
  const stopped = stacksOf(from).filter((stack) => rewinds || stack !== 'core')
  return [
    { kind: 'files' },
    { kind: 'images' },
    { kind: 'prepare' },
    ...(migrates
      ? [
          ...stopped.toReversed().map((stack): Step => ({ kind: 'stop', stack })),
          { kind: 'snapshot' } as const,
          { kind: rewinds ? 'rewind' : 'migrate' } as const,
        ]
      : []),
    ...stacksOf(to).flatMap((stack): readonly Step[] => [
      { kind: 'up', stack },
      { kind: 'health', stack },
    ]),
    ...gone.toReversed().map((stack): Step => ({ kind: 'down', stack })),
    { kind: 'settle' },
    { kind: 'commit' },
  ]
}

/**
 * Back from a release that did not make it: its stacks in reverse order, each as the release before has it, then their
 * health. `migrated`: documents were changed or may have been, so they are put back from the snapshot first.
 */
export const planBackward = (
  from: Release | undefined,
  to: Release,
  { migrated }: { readonly migrated: boolean },
): readonly Step[] => {
  const old = stacksOf(from)
  const touched = stacks.filter((stack) => old.includes(stack) || stacksOf(to).includes(stack)).toReversed()
  return [
    ...(migrated ? [...touched.map((stack): Step => ({ kind: 'stop', stack })), { kind: 'restore' } as const] : []),
    ...touched.map((stack): Step => ({ kind: old.includes(stack) ? 'up' : 'down', stack })),
    ...old.map((stack): Step => ({ kind: 'health', stack })),
  ]
}
