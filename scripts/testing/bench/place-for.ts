import { CliError } from '../../cli/fail.ts'
import type { Ambient } from '../../platform/store-env.ts'
import { documentDbPlace, type Place, type PlaceKind, serverPlace, sqlitePlace } from '../peers/place.ts'

const kindOf = async (what: string, ambient: Ambient): Promise<PlaceKind> => {
  if (what === 'sqlite') return sqlitePlace(ambient)
  if (what !== 'documentdb') return serverPlace(ambient, what)
  const kind = await documentDbPlace(ambient)
  if ('absent' in kind) throw new CliError(`no DocumentDB on this machine: ${kind.absent}`)
  return kind
}

/** `sqlite`, `documentdb` or the URL of a server. Throws CliError or Fault when it cannot be had. */
export const placeFor = async (what: string, ambient: Ambient, folder: string): Promise<Place> =>
  (await kindOf(what, ambient)).open(folder)
