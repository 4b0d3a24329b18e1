import { realpathSync } from 'node:fs'
import { sqliteStore } from '#common/store/sqlite'
import { CliError } from '../cli/fail.ts'
import type { Location } from '../plan/store-location.ts'
import type { Home } from '../platform/home.ts'
import { type End, type Layout, layoutAt } from './layout.ts'
import type { PageLimits } from './reader.ts'
import type { Side } from './side.ts'
import { sqliteReader } from './sqlite-reader.ts'

export type LocationOptions = {
  readonly end: End
  readonly services: readonly string[]
  /** The one service that is asked for; a location may then be its file. */
  readonly only?: string | undefined
  readonly limits?: PageLimits
}

/** A location that can be opened. `home` must not be running meanwhile; `same` is equal for equal places. */
export type Opened = Side & { readonly home?: Home | undefined; readonly same: (service: string) => string }

const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const sqliteSide = (shown: string, { file, home }: Layout, limits: PageLimits | undefined): Opened => ({
  shown,
  home,
  same: (service) => real(file(service)),
  read: async (service) => sqliteReader(file(service), limits),
  write: async (service) => sqliteStore({ path: file(service) }),
})

/** Finds what is at a location; nothing is opened or made yet. Throws CliError. */
export const openLocation = (location: Location, options: LocationOptions): Opened => {
  if (location.kind === 'sqlite')
    return sqliteSide(location.shown, layoutAt(location.path, options), options.limits)
  throw new CliError('MongoDB is not there yet')
}
