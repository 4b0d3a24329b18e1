import type { ClientSession, Collection } from 'mongodb'
import type { MongoDoc } from './mongo-document.ts'
import { fieldPath } from './mongo-query.ts'

/** The values of an index's fields as one text; undefined when the document lacks one, and so is not in the index. */
const keyOf = (doc: MongoDoc, fields: readonly string[]): string | undefined => {
  const values = fields.map((field) => doc[fieldPath(field)])
  return values.some((value) => value === undefined || value === null) ? undefined : JSON.stringify(values)
}

const findTaken = async (
  collection: Collection<MongoDoc>,
  docs: readonly MongoDoc[],
  fields: readonly string[],
  session: ClientSession,
): Promise<Set<string>> => {
  const asked = docs.filter((doc) => keyOf(doc, fields) !== undefined)
  if (asked.length === 0) return new Set()
  const filter =
    fields[0] === 'id'
      ? { _id: { $in: asked.map(({ _id }) => _id) } }
      : { $or: asked.map((doc) => Object.fromEntries(fields.map((field) => [field, doc[field]]))) }
  const projection = Object.fromEntries(fields.map((field) => [fieldPath(field), 1]))
  const kept = await collection.find<MongoDoc>(filter, { projection, session }).toArray()
  return new Set(kept.map((doc) => keyOf(doc, fields) ?? ''))
}

/** Those of `docs` that could be inserted one after the other: of two that clash in an index the first wins. */
export const withoutDuplicates = async (
  collection: Collection<MongoDoc>,
  docs: readonly MongoDoc[],
  indexes: readonly (readonly string[])[],
  session: ClientSession,
): Promise<readonly MongoDoc[]> => {
  const taken = new Map<readonly string[], Set<string>>()
  for (const fields of indexes) taken.set(fields, await findTaken(collection, docs, fields, session))
  return docs.filter((doc) => {
    const keys = indexes.map((fields) => [taken.get(fields), keyOf(doc, fields)] as const)
    if (keys.some(([set, key]) => key !== undefined && set?.has(key))) return false
    for (const [set, key] of keys) if (key !== undefined) set?.add(key)
    return true
  })
}

/** Answers how many there were. */
export const insertAll = async (
  collection: Collection<MongoDoc>,
  docs: readonly MongoDoc[],
  session: ClientSession,
): Promise<number> => (docs.length === 0 ? 0 : (await collection.insertMany([...docs], { session })).insertedCount)
