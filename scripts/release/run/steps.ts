import { type Stack, stacks } from '#catalog'
import type { Release } from '../content/release.ts'

/** A step of a run, as it stands in the journal. */
export type Step =
  | { readonly kind: 'files' | 'images' | 'prepare' | 'settle' | 'commit' }
  | { readonly kind: 'snapshot' | 'migrate' | 'rewind' | 'restore' }
  | { readonly kind: 'stop' | 'up' | 'health' | 'down'; readonly stack: Stack }

/** Its name: `up:core`. */
export const stepName = (step: Step): string => ('stack' in step ? `${step.kind}:${step.stack}` : step.kind)

const stacksOf = (release: Release | undefined): readonly Stack[] =>
  release === undefined ? [] : stacks.filter((stack) => release.stacks.some((one) => one.stack === stack))

/** Services whose documents change shape between two releases. */
export const crossings = (from: Release | undefined, to: Release): readonly string[] =>
  from === undefined
    ? []
    : Object.entries(to.migrations)
        .filter(([service, { version }]) => {
          const before = from.migrations[service]
          return before !== undefined && before.version !== version
        })
        .map(([service]) => service)

/** The versions between two releases that nothing can undo, `service vN`; empty when a rollback may cross. */
export const irreversible = (newer: Release, older: Release): readonly string[] =>
  Object.entries(newer.migrations).flatMap(([service, { irreversible: versions }]) => {
    const before = older.migrations[service]?.version ?? 0
    return versions.filter((version) => version > before).map((version) => `${service} v${version}`)
  })

/**
 * From one release to another: everything that can fail without touching what runs comes first, then the stacks in
 * their order, each gated on health. Only `commit` makes the new release the one of the host. `rewinds`: documents are
 * not migrated but put back from a snapshot of the older release.
 */
export const forward = (
  from: Release | undefined,
  to: Release,
  { rewinds = false }: { readonly rewinds?: boolean } = {},
): readonly Step[] => {
  const gone = stacksOf(from).filter((stack) => !stacksOf(to).includes(stack))
  const migrates = crossings(from, to).length > 0
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
export const backward = (
  from: Release | undefined,
  to: Release,
  { migrated }: { readonly migrated: boolean },
): readonly Step[] => {
  const old = stacksOf(from)
  const touched = stacks.filter((stack) => old.includes(stack) || stacksOf(to).includes(stack)).toReversed()
  return [
    ...(migrated
      ? [...touched.map((stack): Step => ({ kind: 'stop', stack })), { kind: 'restore' } as const]
      : []),
    ...touched.map((stack): Step => ({ kind: old.includes(stack) ? 'up' : 'down', stack })),
    ...old.map((stack): Step => ({ kind: 'health', stack })),
  ]
}
