import type { ClientSession, Collection as MongoCollection } from 'mongodb'
import { Fault } from '../process/fault.ts'
import { missing, stale } from './faults.ts'
import type { Lock } from './lock.ts'
import { fromMongo, type MongoDoc, settings, toMongo } from './mongo-document.ts'
import { filterOf, pathOf, sortOf } from './mongo-query.ts'
import { runAgain } from './mongo-transaction.ts'
import { planQuery, planWhere } from './query.ts'
import { type Shape, scalarOf } from './shape.ts'
import type { Collection, Doc } from './store.ts'

/** Whatever runs in a transaction: it is handed the session of a new one, or the one that is open. */
type Atomic = <R>(work: (session: ClientSession) => Promise<R>) => Promise<R>

export type MongoParts = {
  readonly collection: MongoCollection<MongoDoc>
  readonly shape: Shape
  /** One claim of this process at a time, so that they are served in the order they were asked for. */
  readonly inTurn: Lock
  /** The session of the open transaction, if any. */
  readonly session: ClientSession | undefined
  readonly atomic: Atomic
}

const tuple = (doc: MongoDoc, fields: readonly string[]): string | undefined => {
  const values = fields.map((field) => (field === 'id' ? doc._id : doc[field]))
  return values.some((value) => value === undefined || value === null) ? undefined : JSON.stringify(values)
}

/** The operations of a collection on MongoDB; mongo.ts decides when they may run and names their faults. */
export const mongoOperations = ({
  collection,
  shape,
  inTurn,
  session,
  atomic,
}: MongoParts): Collection<Doc> => {
  const within = session === undefined ? {} : { session }
  const idOf = (id: string) => scalarOf(shape, 'id', id) as string

  /** What the collection holds already of the ids or unique fields of `docs`. */
  const known = async (docs: readonly MongoDoc[], fields: readonly string[], inside: ClientSession) => {
    const asked = docs.filter((doc) => tuple(doc, fields) !== undefined)
    if (asked.length === 0) return new Set<string>()
    const filter =
      fields[0] === 'id'
        ? { _id: { $in: asked.map(({ _id }) => _id) } }
        : { $or: asked.map((doc) => Object.fromEntries(fields.map((field) => [field, doc[field]]))) }
    const projection = Object.fromEntries(fields.map((field) => [pathOf(field), 1]))
    const kept = await collection.find<MongoDoc>(filter, { projection, session: inside }).toArray()
    return new Set(kept.map((doc) => tuple(doc, fields) ?? ''))
  }

  /** Those of `docs` that could be inserted one after the other: of two that clash the first wins. */
  const fresh = async (
    docs: readonly MongoDoc[],
    indexes: readonly (readonly string[])[],
    inside: ClientSession,
  ): Promise<readonly MongoDoc[]> => {
    const taken = new Map<readonly string[], Set<string>>()
    for (const fields of indexes) taken.set(fields, await known(docs, fields, inside))
    return docs.filter((doc) => {
      const keys = indexes.map((fields) => [taken.get(fields), tuple(doc, fields)] as const)
      if (keys.some(([set, key]) => key !== undefined && set?.has(key))) return false
      for (const [set, key] of keys) if (key !== undefined) set?.add(key)
      return true
    })
  }

  const insertAll = async (docs: readonly MongoDoc[], inside: ClientSession): Promise<number> =>
    docs.length === 0 ? 0 : (await collection.insertMany([...docs], { session: inside })).insertedCount

  return {
    get: async (id) => {
      const kept = await collection.findOne({ _id: idOf(id) }, within)
      return kept === null ? undefined : fromMongo(kept)
    },
    find: async (query = {}) => {
      const plan = planQuery(shape, query)
      if (plan.limit === 0) return [] // to MongoDB it would be no limit
      const found = await collection
        .find(filterOf(plan.terms), {
          ...within,
          sort: sortOf(plan),
          skip: plan.skip,
          // The whole page in one answer: another round trip would cost more than the page.
          ...(plan.limit !== undefined && { limit: plan.limit, batchSize: plan.limit }),
        })
        .toArray()
      return found.map(fromMongo)
    },
    count: (where = {}) => collection.countDocuments(filterOf(planWhere(shape, where)), within),
    insert: async (doc) => {
      await collection.insertOne(toMongo(shape, doc, 1), within)
      return { ...doc, rev: 1 }
    },
    insertMany: async (docs, { onDuplicate }) => {
      const made = docs.map((doc) => toMongo(shape, doc, 1))
      if (made.length === 0) return 0
      if (onDuplicate === 'fail') return atomic((inside) => insertAll(made, inside))
      return atomic(async (inside) => {
        const left = await fresh(made, [['id'], ...shape.unique], inside)
        // Whatever is a duplicate after that look came from elsewhere meanwhile: it has to look again.
        return insertAll(left, inside).catch((error) => {
          throw runAgain(error)
        })
      })
    },
    restore: (docs) =>
      atomic(async (inside) => {
        const made = docs.map((doc) => toMongo(shape, doc, doc.rev))
        return insertAll(await fresh(made, [['id']], inside), inside)
      }),
    replace: async (doc, rev) => {
      const { _id, ...next } = toMongo(shape, doc, rev + 1)
      const { matchedCount } = await collection.replaceOne({ _id, rev }, next, within)
      if (matchedCount === 1) return { ...doc, rev: rev + 1 }
      throw (await collection.findOne({ _id }, { ...within, projection: { _id: 1 } }))
        ? stale(shape)
        : missing(shape)
    },
    remove: async (id, rev) => {
      const filter = { _id: idOf(id), ...(rev !== undefined && { rev }) }
      const { deletedCount } = await collection.deleteOne(filter, within)
      if (deletedCount === 1) return true
      if (rev !== undefined && (await collection.findOne({ _id: id }, { ...within, projection: { _id: 1 } })))
        throw stale(shape)
      return false
    },
    claim: async ({ where, sort = [], set }) => {
      if (Object.hasOwn(set, 'id'))
        throw new Fault('invalid', 'bad-query', `${shape.name}: a claim cannot set id`)
      if (Object.values(set).includes(undefined as never))
        throw new Fault('invalid', 'bad-query', `${shape.name}: a claim cannot set undefined`)
      const plan = planQuery(shape, { where, sort, limit: 1 })
      const fields = settings(shape, set)
      const filter = filterOf(plan.terms)
      const take = () =>
        collection.findOneAndUpdate(
          filter,
          { $inc: { rev: 1 }, ...(Object.keys(fields).length > 0 && { $set: fields }) },
          { ...within, sort: sortOf(plan), returnDocument: 'after' },
        )
      return inTurn(async () => {
        for (;;) {
          const taken = await take()
          if (taken !== null) return fromMongo(taken)
          // Another process may have taken the first match in the same moment: then there can be a next one.
          if ((await collection.findOne(filter, { ...within, projection: { _id: 1 } })) === null)
            return undefined
        }
      })
    },
  }
}
