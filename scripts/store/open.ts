import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import type { Home } from '../platform/home.ts'

export type StoreOptions = {
  readonly home: Home
  /** The environment of the command, which says where stores are kept. */
  readonly ambient: Readonly<Record<string, string | undefined>>
}

/** The embedded store's file, when there is one: nothing is made for a service that has not run yet. */
const openEmbedded = (service: string, home: Home): Store | undefined => {
  const path = join(home.data(service), 'store.sqlite')
  return existsSync(path) ? sqliteStore({ path }) : undefined
}

/** Opens what a service keeps, or undefined when it keeps nothing yet. Throws what its driver throws. */
export const openServiceStore = async (service: string, { home }: StoreOptions): Promise<Store | undefined> =>
  openEmbedded(service, home)
