import { Binary, type ClientSession } from 'mongodb'
import { isFault } from '../process/fault.ts'
import { closedStore, declaredTwice } from './faults.ts'
import { fifoLock, type Lock } from './lock.ts'
import { mongoOperations } from './mongo-collection.ts'
import { type MongoOptions, mongoConnection } from './mongo-connection.ts'
import type { MongoDoc } from './mongo-document.ts'
import { demandServer, type Hello, mongoFault } from './mongo-fault.ts'
import { ensureMongo } from './mongo-schema.ts'
import { hasLabel, inTransaction, runAgain, TRANSIENT } from './mongo-transaction.ts'
import { collectionFrom, type Effect, type Operation } from './operations.ts'
import { type Declared, type Shape, shapeOf } from './shape.ts'
import type { Collection, Doc, Store } from './store.ts'
import { type Running, transactionRules } from './transaction-rules.ts'

/** One look at the database answers all who ask within this time, ms: /health is open to everybody. */
const LOOK = 1_000
/** The same while its disk is full, since then a look writes. */
const LOOK_WHEN_FULL = 5_000
/** Room that a disk which was full must have again, bytes: more than a service writes at once. */
const ROOM = 4 * 1024 * 1024
/** A collection that every service owns anyway; the probe writes nothing that stays. */
const PROBED = 'schema'

type Table = { readonly declared: string; readonly ready: Promise<void>; made: boolean }

/**
 * The MongoDB driver of the store: majority writes in the journal, retryable, snapshot transactions. Nothing is
 * connected before the first use, and a database that is away, or refuses, is a Fault of each call and never
 * the end of the store. Throws Fault invalid `bad-store-url`.
 */
export const mongoStore = (options: MongoOptions): Store => {
  const { client, db, timeoutMs } = mongoConnection(options)
  const rules = transactionRules()
  const tables = new Map<string, Table>()
  const claims = new Map<string, Lock>()
  const underway = new Set<Promise<unknown>>()
  let closed = false
  let full = false
  let look: { readonly at: number; readonly seen: Promise<void> } | undefined

  const nameOf = (collection: string): string => `${options.owner}.${collection}`

  /** Makes the collection what is declared, once; tried again when that failed. */
  const ready = (shape: Shape, declared: string): Promise<void> => {
    const known = tables.get(shape.name)
    if (known && known.declared !== declared) throw declaredTwice(shape)
    if (known) return known.ready
    const table: Table = { declared, ready: ensureMongo(db, nameOf(shape.name), shape), made: false }
    tables.set(shape.name, table)
    table.ready.then(
      () => {
        table.made = true
      },
      () => tables.delete(shape.name),
    )
    return table.ready
  }

  const claimLock = (collection: string): Lock => {
    const lock = claims.get(collection) ?? fifoLock()
    claims.set(collection, lock)
    return lock
  }

  const collectionBy = (
    declaration: Declared,
    session: ClientSession | undefined,
    reach: <R>(effect: Effect, work: () => Promise<R>) => Promise<R>,
  ): Collection<Doc> => {
    const shape = shapeOf(declaration)
    const declared = JSON.stringify(declaration)
    const operations = mongoOperations({
      collection: db.collection<MongoDoc>(nameOf(shape.name)),
      shape,
      inTurn: session ? fifoLock() : claimLock(shape.name),
      session,
      atomic: (work) => (session ? work(session) : inTransaction(client, { timeoutMs }, work)),
    })
    const run = async (name: Operation, args: readonly unknown[]): Promise<unknown> => {
      const before = tables.get(shape.name)
      await ready(shape, declared)
      // The snapshot of a transaction may be older than a collection that was made just now.
      if (session !== undefined && before?.made !== true) throw runAgain(undefined)
      return (operations[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
    }
    return collectionFrom((name, effect, args) =>
      reach(effect, () => run(name, args)).catch((error) => {
        throw mongoFault(error, shape.name)
      }),
    )
  }

  /** From outside of transactions, while the store is open; `close` waits for it. */
  const outside = async <R>(work: () => Promise<R>): Promise<R> => {
    rules.demandOutside()
    if (closed) throw closedStore()
    const running = work()
    underway.add(running)
    try {
      return await running
    } catch (error) {
      if (!full && isFault(mongoFault(error, 'store'), 'disk-full')) {
        full = true
        look = undefined
      }
      throw error
    } finally {
      underway.delete(running)
    }
  }

  const transact = <R>(work: (tx: Store) => Promise<R>): Promise<R> =>
    inTransaction(client, { timeoutMs }, async (session) => {
      const running: Running = { open: true }
      // A session has one conversation: operations that are asked for side by side go one after the other.
      const inLine = fifoLock()
      const inside = <C>(effect: Effect, call: () => Promise<C>): Promise<C> =>
        rules.call(running, effect, () =>
          inLine(call).catch((error) => {
            if (hasLabel(error, TRANSIENT)) running.failure ??= { error }
            throw error
          }),
        )
      try {
        return await rules.run(running, () =>
          work(rules.store((declaration) => collectionBy(declaration, session, inside))),
        )
      } catch (error) {
        // What made the server give the transaction up decides whether it is run again, not what became of it.
        const failure = running.failure?.error
        throw hasLabel(failure, TRANSIENT) ? failure : error
      }
    })

  /**
   * Asks for everything that a write needs: a primary of a replica set, rights, a majority. It changes nothing,
   * but on a disk that was full it writes and removes a large document: small ones find a place when others do not.
   */
  const probe = async (): Promise<void> => {
    demandServer((await db.command({ hello: 1 })) as Hello)
    const collection = db.collection<MongoDoc>(nameOf(PROBED))
    const probed = { _id: 'probe' } as const
    // One that could not be removed, for want of room, is still there.
    if (full) {
      const filler = new Binary(crypto.getRandomValues(new Uint8Array(ROOM)))
      await collection.replaceOne(probed, { rev: 1, filler }, { upsert: true })
      await collection.deleteOne(probed)
      full = false
    } else await collection.updateOne({ _id: 'nothing' }, { $set: { rev: 1 } })
  }

  return {
    // The one place where a declared document type is taken on trust: see `Declaration`.
    collection: ((declaration: Declared) =>
      collectionBy(declaration, undefined, (_effect, work) =>
        outside(work),
      )) as unknown as Store['collection'],
    transaction: (work) =>
      outside(() => transact(work)).catch((error) => {
        throw mongoFault(error, 'transaction')
      }),
    ping: () => {
      const now = performance.now()
      if (look === undefined || now - look.at > (full ? LOOK_WHEN_FULL : LOOK) || closed) {
        const seen = outside(probe).catch((error) => {
          throw mongoFault(error, PROBED)
        })
        seen.catch(() => {}) // whoever asked has it too
        look = { at: now, seen }
      }
      return look.seen
    },
    close: async () => {
      closed = true
      await Promise.allSettled(underway)
      await client.close()
    },
  }
}
