import type { Declared } from './shape.ts'
import type { Store } from './store.ts'

/**
 * A change of the documents a service has, from version - 1 to `version`. `up` and `down` see the store
 * interface alone, so one file serves both drivers. Each may be broken off at any point and is then run again
 * from its beginning: it must do the rest and nothing twice.
 */
export type Migration = {
  /** 1, 2, 3, ... without gaps. */
  readonly version: number
  /** Kebab-case, what it does. */
  readonly name: string
  readonly up: (store: Store) => Promise<void>
  /** `irreversible`: a release that has it can only be left by restoring the backup taken before. */
  readonly down: ((store: Store) => Promise<void>) | 'irreversible'
}

/** All that a service keeps, declared once for every driver: `services/<service>/store.ts` exports it as `schema`. */
export type StoreSchema = {
  readonly collections: readonly Declared[]
  /** In the order of their versions. */
  readonly migrations: readonly Migration[]
}
