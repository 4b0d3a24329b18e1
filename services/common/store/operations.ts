import type { Collection, Doc } from './store.ts'

export type Operation = keyof Collection<Doc>
export type Effect = 'read' | 'write'

const effects: Readonly<Record<Operation, Effect>> = {
  get: 'read',
  find: 'read',
  count: 'read',
  insert: 'write',
  insertMany: 'write',
  restore: 'write',
  replace: 'write',
  remove: 'write',
  claim: 'write',
}

/** A collection out of one function that runs any of its operations. */
export const collectionFrom = (
  run: (name: Operation, effect: Effect, args: readonly unknown[]) => Promise<unknown>,
): Collection<Doc> =>
  Object.fromEntries(
    Object.entries(effects).map(([name, effect]) => [
      name,
      (...args: readonly unknown[]) => run(name as Operation, effect, args),
    ]),
  ) as Collection<Doc> // each operation is there, and `run` answers what its name promises
