import { BSON } from 'mongodb'
import { type MongoOptions, mongoConnection } from '#common/store/mongo-connection'
import { fromMongo, type MongoDoc } from '#common/store/mongo-document'
import { mongoFault } from '#common/store/mongo-fault'
import { type Document, PAGE, type PageLimits, type Reader } from './reader.ts'

/** Reads what the MongoDB driver kept; a user who may only read is enough. Throws Faults as the driver. */
export const mongoReader = (options: MongoOptions, limits: PageLimits = PAGE): Reader => {
  const { client, db } = mongoConnection(options)
  const prefix = `${options.owner}.`
  const collection = (name: string) => db.collection<MongoDoc>(`${prefix}${name}`)
  const guarded = <R>(name: string, work: () => Promise<R>): Promise<R> =>
    work().catch((error) => {
      throw mongoFault(error, name)
    })
  return {
    page: (name, after) =>
      guarded(name, async () => {
        const cursor = collection(name).find(after === undefined ? {} : { _id: { $gt: after } }, {
          sort: { _id: 1 },
          limit: limits.documents,
        })
        const page: Document[] = []
        let bytes = 0
        for await (const doc of cursor) {
          bytes += BSON.calculateObjectSize(doc)
          if (page.length > 0 && bytes > limits.bytes) break
          page.push(fromMongo(doc))
        }
        return page
      }),
    count: (name) => guarded(name, () => collection(name).countDocuments({})),
    names: () =>
      guarded('store', async () => {
        const own = await db.listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray()
        return own.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])).toSorted()
      }),
    [Symbol.asyncDispose]: () => client.close(),
  }
}
