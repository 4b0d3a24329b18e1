import { isFault } from '#common/process/fault'
import type { Declared } from '#common/store/shape'
import type { Declaration, Doc, Store, Stored } from '#common/store/store'
import { CliError } from '../cli/fail.ts'
import { contentHasher, documentBytes, type Tally } from './content-hash.ts'
import { type CopyDoc, copies } from './copy-state.ts'
import type { Endpoint, Endpoints } from './endpoint.ts'
import { type Document, type Reader, readPages } from './reader.ts'
import type { Survey } from './survey.ts'

/** Told after each durable batch. */
export type OnBatch = (collection: string, documents: number, bytes: number) => void

/** What was copied of a collection. `read` is there when all of it was read in this run. */
export type Copied = { readonly collection: string; readonly documents: number; readonly read?: Tally }

const otherCopy = () => new CliError('another copy is writing into this target: end one of them')

const begin = async (store: Store, from: Endpoint, { source, found }: Survey): Promise<void> => {
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
    throw isFault(error, 'duplicate') ? otherCopy() : error
  }
}

const advance = ({ rev: _, ...doc }: Stored<CopyDoc>, page: readonly Document[]): CopyDoc => {
  const last = page.at(-1)
  return last === undefined
    ? { ...doc, done: true }
    : { ...doc, documents: doc.documents + page.length, after: last.id }
}

/** Writes a page and the note of it, or neither: what was killed in between is as if it was never begun. */
const writePage = async (
  store: Store,
  declared: Declared,
  copy: Stored<CopyDoc>,
  page: readonly Document[],
): Promise<Stored<CopyDoc>> => {
  try {
    return await store.transaction(async (tx) => {
      // First of all its revision: another copy that is at work here is told apart from strange documents.
      const noted = await tx.collection(copies).replace(advance(copy, page), copy.rev)
      // A schema lists declarations of different documents; here all that counts is that they are documents.
      const made = await tx.collection(declared as Declaration<Doc>).restore(page)
      if (made !== page.length)
        throw new CliError(`${declared.name}: the target holds documents which no copy brought there`)
      return noted
    })
  } catch (error) {
    if (isFault(error, 'stale')) throw otherCopy()
    if (!isFault(error) || error.kind === 'unavailable') throw error
    const place = `between ${JSON.stringify(page[0]?.id)} and ${JSON.stringify(page.at(-1)?.id)}`
    throw new CliError(`${declared.name}: the target refuses a document ${place}: ${error.message}`, { cause: error })
  }
}

const copyCollection = async (source: Reader, store: Store, declared: Declared, onBatch: OnBatch): Promise<Copied> => {
  const { name } = declared
  const kept = await store.collection(copies).get(name)
  if (kept === undefined) throw new CliError(`${name}: the note of this copy is gone from the target`)
  if (kept.done) return { collection: name, documents: 0 }
  let copy = kept
  const { add, tally } = contentHasher()
  for await (const page of readPages(source, name, kept.after)) {
    let bytes = 0
    for (const document of page.map((doc) => documentBytes(doc, name))) {
      add(document)
      bytes += document.length
    }
    copy = await writePage(store, declared, copy, page)
    onBatch(name, page.length, bytes)
  }
  copy = await writePage(store, declared, copy, [])
  const documents = copy.documents - kept.documents
  return { collection: name, documents, ...(kept.after === undefined && { read: tally() }) }
}

/** Copies one service in the order of ids, from where an earlier run stood. Throws CliError, Faults of the drivers. */
export const copyService = async (
  plan: Survey,
  { from, to }: Endpoints,
  onBatch: OnBatch = () => {},
): Promise<readonly Copied[]> => {
  if (plan.state === 'done') return []
  await using source = await from.read(plan.service)
  const store = await to.write(plan.service)
  try {
    if (plan.state === 'new') await begin(store, from, plan)
    const copied: Copied[] = []
    for (const declared of plan.collections) copied.push(await copyCollection(source, store, declared, onBatch))
    return copied
  } finally {
    await store.close()
  }
}
