import { existsSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CliError } from '../cli/fail.ts'
import { type Home, homeAt } from '../platform/home.ts'
import { hasRun } from './exclusive.ts'

export type End = 'source' | 'target'

/** The store file of each service below a path. */
export type Layout = {
  readonly file: (service: string) => string
  /** The state folder it is part of, if it is part of one. */
  readonly home: Home | undefined
}

const FILE = 'store.sqlite'
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** The state folder a path is in: itself, or up to three folders above (data, service, file). */
const homeAround = (path: string): Home | undefined => {
  for (let at = path, step = 0; step < 4; at = dirname(at), step++) if (hasRun(homeAt(at))) return homeAt(at)
  return undefined
}

const inFile = (path: string, only: string | undefined): Layout => {
  if (only === undefined)
    throw new CliError(`${path} is one file: say with --service whose store it is`, { exitCode: 64 })
  return { file: () => path, home: homeAround(path) }
}

const inData = (path: string): Layout => ({ file: (service) => join(path, service, FILE), home: homeAround(path) })

const inHome = (path: string): Layout => {
  const home = homeAt(path)
  return { file: (service) => join(home.data(service), FILE), home }
}

/**
 * Finds the stores below a path: a state folder (`data/<service>/store.sqlite`), a data folder
 * (`<service>/store.sqlite`), or, with `only`, the file of that service. A target may be missing: it becomes a
 * state folder, a data folder when it is called `data`, or a file when its name ends in `.sqlite`. Throws
 * CliError.
 */
export const findLayout = (
  argument: string,
  {
    end,
    services,
    only,
  }: { readonly end: End; readonly services: readonly string[]; readonly only?: string | undefined },
): Layout => {
  const path = resolve(argument)
  if (isFile(path)) return inFile(path, only)
  if (!existsSync(path)) {
    if (end === 'source') throw new CliError(`there is no ${path}`)
    if (extname(path) === '.sqlite') return inFile(path, only)
    return basename(path) === 'data' ? inData(path) : inHome(path)
  }
  const [home, data] = [inHome(path), inData(path)]
  const has = ({ file }: Layout) => services.some((service) => existsSync(file(service)))
  if (has(home)) return home
  if (has(data)) return data
  if (end === 'source')
    throw new CliError(`${path} holds no store${only === undefined ? '' : ` of ${only}`}: give a state folder`)
  return basename(path) === 'data' ? data : home
}
