import type { ClientSession, Collection as MongoCollection } from 'mongodb'
import { missing, stale } from './faults.ts'
import type { Lock } from './lock.ts'
import { fromMongo, type MongoDoc, settings, toMongo } from './mongo-document.ts'
import { insertAll, withoutDuplicates } from './mongo-insert.ts'
import { buildFilter, buildSort } from './mongo-query.ts'
import { runAgain } from './mongo-transaction.ts'
import { planClaim, planQuery, planWhere } from './query.ts'
import { checkScalar, type Shape } from './shape.ts'
import type { Collection, Doc, Stored } from './store.ts'

/** Whatever runs in a transaction: it is handed the session of a new one, or the one that is open. */
type Atomic = <R>(work: (session: ClientSession) => Promise<R>) => Promise<R>

export type MongoParts = {
  readonly collection: MongoCollection<MongoDoc>
  readonly shape: Shape
  /** One claim of this process at a time, so that they are served in the order they were asked for. */
  readonly inTurn: Lock
  readonly session: ClientSession | undefined
  readonly atomic: Atomic
}

const insertNew = (
  { collection, atomic }: MongoParts,
  docs: readonly MongoDoc[],
  indexes: readonly (readonly string[])[],
  onClash: (error: unknown) => unknown = (error) => error,
): Promise<number> =>
  atomic(async (session) => {
    const left = await withoutDuplicates(collection, docs, indexes, session)
    return insertAll(collection, left, session).catch((error) => {
      throw onClash(error)
    })
  })

const claimFirst = (
  { collection, shape, inTurn }: MongoParts,
  take: Parameters<Collection<Doc>['claim']>[0],
  within: { readonly session?: ClientSession },
): Promise<Stored<Doc> | undefined> => {
  const plan = planClaim(shape, take)
  const fields = settings(shape, take.set)
  const filter = buildFilter(plan.terms)
  const change = { $inc: { rev: 1 }, ...(Object.keys(fields).length > 0 && { $set: fields }) }
  const options = { ...within, sort: buildSort(plan), returnDocument: 'after' } as const
  return inTurn(async () => {
    for (;;) {
      const taken = await collection.findOneAndUpdate(filter, change, options)
      if (taken !== null) return fromMongo(taken)
      // Another process may have taken the first match in the same moment: then there can be a next one.
      if ((await collection.findOne(filter, { ...within, projection: { _id: 1 } })) === null) return undefined
    }
  })
}

/** The operations of a collection on MongoDB; mongo.ts decides when they may run and names their faults. */
export const mongoOperations = (parts: MongoParts): Collection<Doc> => {
  const { collection, shape, session, atomic } = parts
  const within = session === undefined ? {} : { session }
  const idOf = (id: string) => checkScalar(shape, 'id', id) as string
  const isThere = async (_id: string) =>
    (await collection.findOne({ _id }, { ...within, projection: { _id: 1 } })) !== null
  return {
    get: async (id) => {
      const kept = await collection.findOne({ _id: idOf(id) }, within)
      return kept === null ? undefined : fromMongo(kept)
    },
    find: async (query = {}) => {
      const plan = planQuery(shape, query)
      if (plan.limit === 0) return [] // to MongoDB it would be no limit
      const found = await collection
        .find(buildFilter(plan.terms), {
          ...within,
          sort: buildSort(plan),
          skip: plan.skip,
          // The whole page in one answer: another round trip would cost more than the page.
          ...(plan.limit !== undefined && { limit: plan.limit, batchSize: plan.limit }),
        })
        .toArray()
      return found.map(fromMongo)
    },
    count: (where = {}) => collection.countDocuments(buildFilter(planWhere(shape, where)), within),
    insert: async (doc) => {
      await collection.insertOne(toMongo(shape, doc, 1), within)
      return { ...doc, rev: 1 }
    },
    insertMany: async (docs, { onDuplicate }) => {
      const made = docs.map((doc) => toMongo(shape, doc, 1))
      if (made.length === 0) return 0
      if (onDuplicate === 'fail') return atomic((inside) => insertAll(collection, made, inside))
      // Whatever is a duplicate after that came from elsewhere meanwhile: the transaction has to run again.
      return insertNew(parts, made, [['id'], ...shape.unique], runAgain)
    },
    restore: async (docs) =>
      insertNew(
        parts,
        docs.map((doc) => toMongo(shape, doc, doc.rev)),
        [['id']],
      ),
    replace: async (doc, rev) => {
      const { _id, ...next } = toMongo(shape, doc, rev + 1)
      const { matchedCount } = await collection.replaceOne({ _id, rev }, next, within)
      if (matchedCount === 1) return { ...doc, rev: rev + 1 }
      throw (await isThere(_id)) ? stale(shape) : missing(shape)
    },
    remove: async (id, rev) => {
      const filter = { _id: idOf(id), ...(rev !== undefined && { rev }) }
      const { deletedCount } = await collection.deleteOne(filter, within)
      if (deletedCount === 1) return true
      if (rev !== undefined && (await isThere(id))) throw stale(shape)
      return false
    },
    claim: async (take) => claimFirst(parts, take, within),
  }
}
