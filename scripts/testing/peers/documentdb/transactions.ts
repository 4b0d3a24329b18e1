import { noTransaction } from './errors.ts'
import type { Pool, Query, Reserved } from './pool.ts'

/** A command's place in a session: hex of its id, and the number of its transaction. */
export type Place = { readonly session: string; readonly number: string }

type Entry = {
  readonly number: string
  readonly reserved: Reserved
  /** The connection that spoke last; when it is gone, so is the transaction. */
  connection: number
}

/**
 * Snapshot isolation, and a lock that is not had at once is a write conflict: MongoDB waits 5 ms; the engine
 * gets some more, because its locks are also those of its catalogue.
 */
const opening = ['begin isolation level repeatable read', "set local lock_timeout = '30ms'"]

const beginOn = async (reserved: Reserved): Promise<void> => {
  try {
    for (const statement of opening) await reserved.query(statement, [])
  } catch (error) {
    reserved.close()
    throw error
  }
}

/** That a transaction was committed is kept in itself, so that it is known after a kill. */
const commitOn = async ({ session, number }: Place, reserved: Reserved): Promise<void> => {
  try {
    await reserved.query(
      'insert into front.committed values ($1, $2) on conflict (session) do update set number = excluded.number',
      [session, number],
    )
    await reserved.query('commit', [])
  } catch (error) {
    await reserved.end('rollback')
    throw error
  }
  reserved.release()
}

const wasCommitted = async (pool: Pool, { session, number }: Place): Promise<boolean> => {
  const row = await pool.query('select number from front.committed where session = $1', [session])
  return row['number'] === number
}

/** Transactions of the wire protocol on those of the engine. */
export const openTransactions = (pool: Pool) => {
  const open = new Map<string, Entry>()

  const find = ({ session, number }: Place): Entry | undefined => {
    const entry = open.get(session)
    return entry?.number === number ? entry : undefined
  }
  const rollBack = async (session: string): Promise<void> => {
    const entry = open.get(session)
    open.delete(session)
    await entry?.reserved.end('rollback')
  }

  return {
    begin: async ({ session, number }: Place, connection: number): Promise<Query> => {
      await rollBack(session)
      const reserved = await pool.reserve()
      await beginOn(reserved)
      open.set(session, { number, reserved, connection })
      return reserved.query
    },
    /** The open transaction of that place. Throws 251 when there is none. */
    use: (place: Place, connection: number): Query => {
      const entry = find(place)
      if (entry === undefined) throw noTransaction(place.number)
      entry.connection = connection
      return entry.reserved.query
    },
    /** Of one that was committed already it answers too, as a client that asks again needs it. */
    commit: async (place: Place): Promise<void> => {
      const entry = find(place)
      if (entry !== undefined) {
        open.delete(place.session)
        await commitOn(place, entry.reserved)
      } else if (!(await wasCommitted(pool, place))) throw noTransaction(place.number)
    },
    /** Rolls back. Nothing happens when it is not open. */
    abort: async (place: Place): Promise<void> => {
      if (find(place) !== undefined) await rollBack(place.session)
    },
    endSession: rollBack,
    connectionGone: async (connection: number): Promise<void> => {
      const theirs = [...open].filter(([, entry]) => entry.connection === connection)
      await Promise.all(theirs.map(([session]) => rollBack(session)))
    },
  }
}

export type Transactions = ReturnType<typeof openTransactions>
