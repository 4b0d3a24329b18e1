import { blake3 } from '#common/engines/blake3'
import { canonicalBytes } from '#common/evidence/canonical-json'
import type { Declared } from '#common/store/shape'
import type { Stored } from '#common/store/store'
import { CliError } from '../cli/fail.ts'
import { loadStoreSchemas } from '../derive/store-schemas.ts'
import { documentBytes } from './content-hash.ts'
import {
  type CopyDoc,
  type CopyState,
  decideCopy,
  type Found,
  isHalfMigrated,
  OWN,
  unknownNames,
} from './copy-state.ts'
import type { Endpoints } from './endpoint.ts'
import { type Reader, readPages } from './reader.ts'

/** What is copied of one service. */
export type ServiceCollections = { readonly service: string; readonly collections: readonly Declared[] }

/** What services keep, the record of migrations last: a target without it is known to be unfinished. */
export const loadCollections = async (services: readonly string[]): Promise<readonly ServiceCollections[]> =>
  Object.entries(await loadStoreSchemas(services)).map(([service, { collections }]) => ({
    service,
    collections: [...collections, { name: OWN.schema, fields: {} }],
  }))

/** What is to be copied of one service, and what is there of it. */
export type Survey = ServiceCollections & {
  readonly source: string
  readonly found: readonly Found[]
  readonly state: CopyState
}

/** Tells a store from any other by the number of documents and the first of each collection, and reads no more. */
const fingerprint = async (service: string, reader: Reader, names: readonly string[]): Promise<string> => {
  const parts: unknown[] = [service]
  for (const name of names) {
    const [first] = await reader.page(name)
    parts.push([name, await reader.count(name), first ? blake3(documentBytes(first, name)).toHex() : ''])
  }
  return blake3(canonicalBytes(parts)).toHex()
}

const readCopies = async (target: Reader): Promise<ReadonlyMap<string, Stored<CopyDoc>>> => {
  const copies = new Map<string, Stored<CopyDoc>>()
  for await (const page of readPages(target, OWN.copies))
    for (const doc of page) copies.set(doc.id, doc as Stored<CopyDoc>) // written by copy.ts alone
  return copies
}

/** Throws CliError when a part of the source would be left behind, or is not at any version. */
const requireCopyable = async (place: string, from: Reader, names: readonly string[]) => {
  for (const name of unknownNames(await from.names(), names))
    if ((await from.count(name)) > 0)
      throw new CliError(
        `${place} holds a collection '${name}' that this release does not know: use the release that wrote it`,
      )
  const [record] = await from.page(OWN.schema)
  if (record && isHalfMigrated(record))
    throw new CliError(`${place} is half-migrated: bun run migrate finishes that first`)
}

/** Looks at both ends of a service. Throws CliError for a source that cannot be copied, a target with anything else. */
export const survey = async (
  { service, collections }: ServiceCollections,
  { from, to }: Endpoints,
): Promise<Survey> => {
  await using source = await from.read(service)
  await using target = await to.read(service)
  const names = collections.map(({ name }) => name)
  await requireCopyable(`${service} in ${from.shown}`, source, names)
  const copies = await readCopies(target)
  const found: Found[] = []
  for (const collection of names) {
    const copy = copies.get(collection)
    const [total, kept] = [await source.count(collection), await target.count(collection)]
    const beyond = copy !== undefined && (await target.page(collection, copy.after)).length > 0
    found.push({ collection, total, kept, beyond, copy })
  }
  const print = await fingerprint(service, source, names)
  const decision = decideCopy(print, found)
  if ('refusal' in decision) throw new CliError(`${service} in ${to.shown} is not copied into: ${decision.refusal}`)
  return { service, collections, source: print, found, state: decision.state }
}
