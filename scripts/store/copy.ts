import { isFault } from '#common/process/fault'
import type { Declared } from '#common/store/shape'
import type { Declaration, Doc, Store, Stored } from '#common/store/store'
import { CliError } from '../cli/fail.ts'
import { bytesIn } from './compare.ts'
import { type Tally, tallying } from './content-hash.ts'
import { type Document, pagesOf, type Reader } from './reader.ts'
import type { Side } from './side.ts'
import { type CopyDoc, OWN } from './store-copy.ts'
import type { Survey } from './survey.ts'

const copies: Declaration<CopyDoc> = { name: OWN.copies, fields: {} }

/** Told after each durable batch. */
export type OnBatch = (collection: string, documents: number, bytes: number) => void

/** What was brought of a collection. `read` is there when all of it was read in this run. */
export type Brought = { readonly collection: string; readonly documents: number; readonly read?: Tally }

const another = () => new CliError('another copy is writing into this target: end one of them')

const begin = async (store: Store, from: Side, { source, found }: Survey): Promise<void> => {
  const begun = found.map(
    ({ collection, total }): CopyDoc => ({
      id: collection,
      source,
      from: from.shown,
      total,
      documents: 0,
      done: false,
    }),
  )
  try {
    await store.collection(copies).insertMany(begun, { onDuplicate: 'fail' })
  } catch (error) {
    throw isFault(error, 'duplicate') ? another() : error
  }
}

const next = ({ rev: _, ...doc }: Stored<CopyDoc>, page: readonly Document[]): CopyDoc => {
  const last = page.at(-1)
  return last === undefined
    ? { ...doc, done: true }
    : { ...doc, documents: doc.documents + page.length, after: last.id }
}

/** Brings a page and the note of it, or neither: what was killed in between is as if it was never begun. */
const bring = async (
  store: Store,
  declared: Declared,
  copy: Stored<CopyDoc>,
  page: readonly Document[],
): Promise<Stored<CopyDoc>> => {
  try {
    return await store.transaction(async (tx) => {
      // First of all its revision: another copy that is at work here is told apart from strange documents.
      const noted = await tx.collection(copies).replace(next(copy, page), copy.rev)
      // A schema lists declarations of different documents; here all that counts is that they are documents.
      const made = await tx.collection(declared as Declaration<Doc>).restore(page)
      if (made !== page.length)
        throw new CliError(`${declared.name}: the target holds documents which no copy brought there`)
      return noted
    })
  } catch (error) {
    if (isFault(error, 'stale')) throw another()
    if (!isFault(error) || error.kind === 'unavailable') throw error
    const place = `between ${JSON.stringify(page[0]?.id)} and ${JSON.stringify(page.at(-1)?.id)}`
    throw new CliError(`${declared.name}: the target refuses a document ${place}: ${error.message}`, {
      cause: error,
    })
  }
}

const copyCollection = async (
  source: Reader,
  store: Store,
  declared: Declared,
  onBatch: OnBatch,
): Promise<Brought> => {
  const { name } = declared
  const kept = await store.collection(copies).get(name)
  if (kept === undefined) throw new CliError(`${name}: the note of this copy is gone from the target`)
  if (kept.done) return { collection: name, documents: 0 }
  let copy = kept
  const tally = tallying()
  for await (const page of pagesOf(source, name, kept.after)) {
    const sizes = page.map((doc) => {
      const bytes = bytesIn(name, doc)
      tally.add(bytes)
      return bytes.length
    })
    copy = await bring(store, declared, copy, page)
    onBatch(
      name,
      page.length,
      sizes.reduce((sum, size) => sum + size, 0),
    )
  }
  copy = await bring(store, declared, copy, [])
  const documents = copy.documents - kept.documents
  return { collection: name, documents, ...(kept.after === undefined && { read: tally.tally() }) }
}

/**
 * Copies one service, collection by collection in the order of ids, from where an earlier run stood. Broken off
 * at any point, a later run goes on. Throws CliError, and Faults of the drivers.
 */
export const copyService = async (
  plan: Survey,
  { from, to }: { readonly from: Side; readonly to: Side },
  onBatch: OnBatch,
): Promise<readonly Brought[]> => {
  if (plan.judged.kind === 'done') return []
  const source = await from.read(plan.service)
  try {
    const store = await to.write(plan.service)
    try {
      if (plan.judged.kind === 'new') await begin(store, from, plan)
      const brought: Brought[] = []
      for (const declared of plan.collections)
        brought.push(await copyCollection(source, store, declared, onBatch))
      return brought
    } finally {
      await store.close()
    }
  } finally {
    await source.close()
  }
}
