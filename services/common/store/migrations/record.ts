import { Fault, isFault } from '../../process/fault.ts'
import type { StoreSchema } from '../schema.ts'
import type { Collection, Declaration, Doc, Store, Stored } from '../store.ts'

export type Direction = 'up' | 'down'

/** A step that was done. `at` is epoch ms, `by` the software version that did it. */
export type Done = {
  readonly version: number
  readonly name: string
  readonly direction: Direction
  readonly at: number
  readonly by: string
}

/** A step that was begun and has not been recorded as done. */
export type Begun = Omit<Done, 'at'> & { readonly since: number }

/** What a store says of itself, in a document of its own. */
export type SchemaRecord = {
  readonly id: 'schema'
  readonly version: number
  /** The version at which the record begins: the newest for a store made empty, 0 for one older than records. */
  readonly began: { readonly version: number; readonly at: number; readonly by: string }
  readonly history: readonly Done[]
  /** There from before a step writes its first document until it is done: the store is half-migrated. */
  readonly in_progress?: Begun
  /** Grows with every step that is begun; whoever began an older one can write nothing any more. */
  readonly fence: number
}

const declaration: Declaration<SchemaRecord> = { name: 'schema', fields: {} }

/** The record's collection, on a store or inside a transaction of it. */
export const records = (store: Store): Collection<SchemaRecord> => store.collection(declaration)

/** The record, or undefined in a store that has none yet. */
export const readRecord = (store: Store): Promise<Stored<SchemaRecord> | undefined> => records(store).get('schema')

/** The version that the code is written for. */
export const newestVersion = ({ migrations }: StoreSchema): number => migrations.length

/** Reads one document of every declared collection, which makes tables and indexes as the code has them. */
export const declareAll = async (store: Store, { collections }: StoreSchema): Promise<boolean> => {
  let found = false
  for (const declared of collections) {
    // A schema lists declarations of different documents; only whether there is one is asked for here.
    const one = await store.collection(declared as Declaration<Doc>).find({ limit: 1 })
    found ||= one.length > 0
  }
  return found
}

/** True when anything is kept. What cannot even be declared as the code has it was made by an older one. */
const holdsDocuments = (store: Store, schema: StoreSchema): Promise<boolean> =>
  declareAll(store, schema).catch((error) => {
    if (isFault(error) && (error.kind === 'invalid' || error.kind === 'conflict')) return true
    throw error
  })

/** What a record says of whoever writes it: the clock, epoch ms, and the version of the software. */
export type Writer = { readonly now: () => number; readonly version: string }

/** The record that a store without one has to get: see `settleRecord`. Writes no document. */
export const firstRecord = async (
  store: Store,
  schema: StoreSchema,
  { now, version: by }: Writer,
): Promise<SchemaRecord> => {
  const newest = newestVersion(schema)
  const version = newest > 0 && (await holdsDocuments(store, schema)) ? 0 : newest
  return { id: 'schema', version, began: { version, at: now(), by }, history: [], fence: 0 }
}

/** The record; made when there is none: newest for an empty store, else version 0. Several processes may ask. */
export const settleRecord = async (
  store: Store,
  schema: StoreSchema,
  writer: Writer,
): Promise<Stored<SchemaRecord>> => {
  const kept = await readRecord(store)
  if (kept) return kept
  try {
    return await records(store).insert(await firstRecord(store, schema, writer))
  } catch (error) {
    if (!isFault(error, 'duplicate')) throw error
    const theirs = await readRecord(store)
    if (theirs) return theirs
    throw new Fault('unavailable', 'record-gone', 'the schema record was there a moment ago; try again')
  }
}
