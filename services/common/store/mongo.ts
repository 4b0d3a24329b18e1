import type { ClientSession } from 'mongodb'
import { closedStore } from './faults.ts'
import { fifoLock, type Lock } from './lock.ts'
import { mongoOperations } from './mongo-collection.ts'
import { type MongoConnection, type MongoOptions, mongoConnection } from './mongo-connection.ts'
import type { MongoDoc } from './mongo-document.ts'
import { mongoFault } from './mongo-fault.ts'
import { mongoProbe } from './mongo-probe.ts'
import { type MongoTables, mongoTables } from './mongo-tables.ts'
import { hasLabel, inTransaction, runAgain, TRANSIENT } from './mongo-transaction.ts'
import { collectionFrom, type Effect, type Operation } from './operations.ts'
import { type Declared, parseDeclaration } from './shape.ts'
import type { Collection, Doc, Store } from './store.ts'
import { type Running, type TransactionRules, transactionRules } from './transaction-rules.ts'

/** A collection that every service owns anyway. */
const PROBED = 'schema'

type Parts = MongoConnection & {
  readonly prefix: string
  readonly rules: TransactionRules
  readonly tables: MongoTables
  /** One claim of this process at a time in each collection. */
  readonly claimLock: (collection: string) => Lock
}

/** How a call reaches the database: while the store is open, or in turn inside a transaction. */
type Reach = <R>(effect: Effect, work: () => Promise<R>) => Promise<R>

const openCollection = (
  { client, db, timeoutMs, prefix, tables, claimLock }: Parts,
  declaration: Declared,
  session: ClientSession | undefined,
  reach: Reach,
): Collection<Doc> => {
  const shape = parseDeclaration(declaration)
  const declared = JSON.stringify(declaration)
  const operations = mongoOperations({
    collection: db.collection<MongoDoc>(`${prefix}${shape.name}`),
    shape,
    inTurn: session ? fifoLock() : claimLock(shape.name),
    session,
    atomic: (work) => (session ? work(session) : inTransaction(client, { timeoutMs }, work)),
  })
  const run = async (name: Operation, args: readonly unknown[]): Promise<unknown> => {
    const wasMade = tables.isMade(shape)
    await tables.ensure(shape, declared)
    // The snapshot of a transaction may be older than a collection that was made just now.
    if (session !== undefined && !wasMade) throw runAgain(undefined)
    return (operations[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
  }
  return collectionFrom((name, effect, args) =>
    reach(effect, () => run(name, args)).catch((error) => {
      throw mongoFault(error, shape.name)
    }),
  )
}

const transact = <R>(parts: Parts, work: (tx: Store) => Promise<R>): Promise<R> =>
  inTransaction(parts.client, parts, async (session) => {
    const { rules } = parts
    const running: Running = { open: true }
    // A session has one conversation: operations that are asked for side by side go one after the other.
    const inLine = fifoLock()
    const inside: Reach = (effect, call) =>
      rules.call(running, effect, () =>
        inLine(call).catch((error) => {
          if (hasLabel(error, TRANSIENT)) running.failure ??= { error }
          throw error
        }),
      )
    try {
      return await rules.run(running, () =>
        work(rules.store((declaration) => openCollection(parts, declaration, session, inside))),
      )
    } catch (error) {
      // What made the server give the transaction up decides whether it is run again, not what became of it.
      const failure = running.failure?.error
      throw hasLabel(failure, TRANSIENT) ? failure : error
    }
  })

const claimLocks = (): Parts['claimLock'] => {
  const locks = new Map<string, Lock>()
  return (collection) => {
    const lock = locks.get(collection) ?? fifoLock()
    locks.set(collection, lock)
    return lock
  }
}

/**
 * The MongoDB driver of the store: majority writes in the journal, retryable, snapshot transactions. Nothing is
 * connected before the first use, and a database that is away, or refuses, is a Fault of each call and never
 * the end of the store. Throws Fault invalid `bad-store-url`.
 */
export const mongoStore = (options: MongoOptions): Store => {
  const connection = mongoConnection(options)
  const { client, db, connected } = connection
  const prefix = `${options.owner}.`
  const rules = transactionRules()
  const parts = { ...connection, prefix, rules, tables: mongoTables(db, prefix), claimLock: claimLocks() }
  const probe = mongoProbe(db, db.collection<MongoDoc>(`${prefix}${PROBED}`))
  const underway = new Set<Promise<unknown>>()
  let closed = false

  /** From outside of transactions, while the store is open; `close` waits for it. */
  const outside = async <R>(name: string, work: () => Promise<R>): Promise<R> => {
    rules.requireOutside()
    if (closed) throw closedStore()
    const running = connected().then(work)
    underway.add(running)
    try {
      return await running
    } catch (error) {
      probe.note(error)
      throw mongoFault(error, name)
    } finally {
      underway.delete(running)
    }
  }

  return {
    // The one place where a declared document type is taken on trust: see `Declaration`.
    collection: ((declaration: Declared) =>
      openCollection(parts, declaration, undefined, (_effect, work) =>
        outside(declaration.name, work),
      )) as unknown as Store['collection'],
    transaction: (work) => outside('transaction', () => transact(parts, work)),
    ping: async () => {
      if (closed) throw closedStore()
      return probe.ping((work) => outside(PROBED, work))
    },
    close: async () => {
      closed = true
      await Promise.allSettled(underway)
      await client.close()
    },
  }
}
