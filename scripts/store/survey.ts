import { blake3 } from '#common/engines/blake3'
import { canonicalBytes } from '#common/evidence/canonical-json'
import type { Declared } from '#common/store/shape'
import type { Stored } from '#common/store/store'
import { CliError } from '../cli/fail.ts'
import type { Wanted } from './collections.ts'
import { bytesIn } from './compare.ts'
import { pagesOf, type Reader } from './reader.ts'
import type { Side } from './side.ts'
import {
  type CopyDoc,
  type Found,
  isHalfMigrated,
  type Judged,
  judge,
  OWN,
  unknownNames,
} from './store-copy.ts'

/** What is to be copied of one service, and what is there of it. */
export type Survey = Wanted & {
  readonly source: string
  readonly found: readonly Found[]
  readonly judged: Exclude<Judged, { kind: 'refused' }>
}

/**
 * Tells a store from any other, wherever it lies: the number of documents and the first of each collection. It
 * reads no more than that, so a change in the middle is left to the verification.
 */
const fingerprint = async (service: string, reader: Reader, names: readonly string[]): Promise<string> => {
  const parts: unknown[] = [service]
  for (const name of names) {
    const [first] = await reader.page(name)
    parts.push([name, await reader.count(name), first ? blake3(bytesIn(name, first)).toHex() : ''])
  }
  return blake3(canonicalBytes(parts)).toHex()
}

const copiesIn = async (target: Reader): Promise<ReadonlyMap<string, Stored<CopyDoc>>> => {
  const copies = new Map<string, Stored<CopyDoc>>()
  for await (const page of pagesOf(target, OWN.copies))
    for (const doc of page) copies.set(doc.id, doc as Stored<CopyDoc>) // written by copy.ts alone
  return copies
}

const demandWhole = async (service: string, shown: string, from: Reader, declared: readonly Declared[]) => {
  const known = declared.map(({ name }) => name)
  for (const name of unknownNames(await from.names(), known))
    if ((await from.count(name)) > 0)
      throw new CliError(
        `${service} in ${shown} holds a collection '${name}' that this release does not know: use the release that wrote it`,
      )
  const [record] = await from.page(OWN.schema)
  if (record && isHalfMigrated(record))
    throw new CliError(`${service} in ${shown} is half-migrated: bun run migrate finishes that first`)
}

const foundOf = async (
  name: string,
  from: Reader,
  to: Reader,
  copy: CopyDoc | undefined,
): Promise<Found> => ({
  collection: name,
  total: await from.count(name),
  kept: await to.count(name),
  beyond: copy !== undefined && (await to.page(name, copy.after)).length > 0,
  copy,
})

/**
 * Looks at both ends of a service and writes nothing. Throws CliError when the source cannot be copied or the
 * target holds anything but this copy.
 */
export const survey = async (
  { service, collections }: Wanted,
  { from, to }: { readonly from: Side; readonly to: Side },
): Promise<Survey> => {
  const source = await from.read(service)
  try {
    const target = await to.read(service)
    try {
      await demandWhole(service, from.shown, source, collections)
      const names = collections.map(({ name }) => name)
      const copies = await copiesIn(target)
      const found: Found[] = []
      for (const name of names) found.push(await foundOf(name, source, target, copies.get(name)))
      const print = await fingerprint(service, source, names)
      const judged = judge(print, found)
      if (judged.kind === 'refused')
        throw new CliError(`${service} in ${to.shown} is not copied into: ${judged.reason}`)
      return { service, collections, source: print, found, judged }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
