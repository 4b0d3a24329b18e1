import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_USAGE } from '#common/cli/read-command'
import { EnvError, readEnv, StoreEnv } from '#common/process/env'
import { storeAt } from '#common/store/open'
import type { Store } from '#common/store/store'
import { CliError } from '../cli/fail.ts'
import type { Home } from '../platform/home.ts'

export type StoreOptions = {
  readonly home: Home
  /** The environment of the command, which says where stores are kept: the MONGO_ keys of the services. */
  readonly ambient: Readonly<Record<string, string | undefined>>
}

/** Where stores are kept. Throws CliError with every fault of the MONGO_ keys. */
export const storeEnv = (ambient: StoreOptions['ambient']): StoreEnv => {
  try {
    return readEnv(StoreEnv, ambient, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof EnvError) throw new CliError(error.message, { exitCode: EXIT_USAGE })
    throw error
  }
}

/** False for a service that keeps nothing yet: no embedded store is made for one that has not run. */
export const hasStore = (service: string, { home, ambient }: StoreOptions): boolean =>
  storeEnv(ambient).MONGO_URL !== undefined || existsSync(join(home.data(service), 'store.sqlite'))

/** Opens what a service keeps. Throws what its driver throws. */
export const openStore = (service: string, { home, ambient }: StoreOptions): Promise<Store> =>
  storeAt(service, { ...storeEnv(ambient), LUCID_DATA: home.data(service) })
