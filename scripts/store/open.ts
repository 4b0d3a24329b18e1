import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EnvError, readEnv, StoreEnv } from '#common/process/env'
import { storeAt } from '#common/store/open'
import type { Store } from '#common/store/store'
import { CliError, EXIT_USAGE } from '../cli/fail.ts'
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

/**
 * Opens what a service keeps, or undefined when it keeps nothing yet: no embedded store is made for a service
 * that has not run. Throws what its driver throws.
 */
export const openServiceStore = async (
  service: string,
  { home, ambient }: StoreOptions,
): Promise<Store | undefined> => {
  const env = storeEnv(ambient)
  const LUCID_DATA = home.data(service)
  if (env.MONGO_URL === undefined && !existsSync(join(LUCID_DATA, 'store.sqlite'))) return undefined
  return storeAt(service, { ...env, LUCID_DATA })
}
