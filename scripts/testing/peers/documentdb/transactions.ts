import { CommandError, transient } from './errors.ts'
import type { Held, Pool, Query } from './pool.ts'

/** A command's place in a session: hex of its id, and the number of its transaction. */
export type Place = { readonly session: string; readonly number: string }

type Entry = {
  readonly number: string
  readonly held: Held
  /** The connection that spoke last; when it is gone, so is the transaction. */
  connection: number
  timer: Timer
}

/** Transactions of the wire protocol on those of the engine. */
export type Transactions = {
  readonly begin: (place: Place, connection: number) => Promise<Query>
  /** The open transaction of that place. Throws 251 or 256 when there is none. */
  readonly use: (place: Place, connection: number) => Query
  readonly commit: (place: Place) => Promise<void>
  /** Rolls back. Nothing happens when it is not open. */
  readonly abort: (place: Place) => Promise<void>
  readonly isOpen: (place: Place) => boolean
  readonly endSession: (session: string) => Promise<void>
  readonly connectionGone: (connection: number) => Promise<void>
}

/** MongoDB's transactionLifetimeLimitSeconds, ms. */
const lifetime = 60_000

/**
 * Snapshot isolation, and a lock that is not had at once is a write conflict: MongoDB waits 5 ms; the engine
 * gets some more, because its locks are also those of its catalogue.
 */
const opening = ['begin isolation level repeatable read', "set local lock_timeout = '30ms'"]

const gone = ({ number }: Place, how: string): CommandError =>
  new CommandError(251, 'NoSuchTransaction', `Transaction with { txnNumber: ${number} } ${how}`, {
    labels: [transient],
  })

export const openTransactions = (pool: Pool): Transactions => {
  const open = new Map<string, Entry>()
  const last = new Map<string, { readonly number: string; readonly end: 'committed' | 'aborted' }>()

  const take = (session: string): Entry | undefined => {
    const entry = open.get(session)
    open.delete(session)
    if (entry !== undefined) clearTimeout(entry.timer)
    return entry
  }

  const rollBack = async (session: string): Promise<void> => {
    const entry = take(session)
    if (entry === undefined) return
    last.set(session, { number: entry.number, end: 'aborted' })
    try {
      await entry.held.query('rollback', [])
      entry.held.release()
    } catch {
      entry.held.release({ broken: true })
    }
  }

  const entryOf = ({ session, number }: Place): Entry | undefined => {
    const entry = open.get(session)
    return entry?.number === number ? entry : undefined
  }

  const wasCommitted = async (place: Place): Promise<boolean> => {
    const ended = last.get(place.session)
    if (ended?.number === place.number) return ended.end === 'committed'
    const { number } = await pool.query('select number from front.committed where session = $1', [
      place.session,
    ])
    return number === place.number
  }

  const commit = async (place: Place, { held }: Entry): Promise<void> => {
    try {
      await held.query(
        'insert into front.committed values ($1, $2) on conflict (session) do update set number = excluded.number',
        [place.session, place.number],
      )
      await held.query('commit', [])
    } catch (error) {
      last.set(place.session, { number: place.number, end: 'aborted' })
      await held.query('rollback', []).then(
        () => held.release(),
        () => held.release({ broken: true }),
      )
      throw error
    }
    last.set(place.session, { number: place.number, end: 'committed' })
    held.release()
  }

  return {
    begin: async ({ session, number }, connection) => {
      await rollBack(session)
      const held = await pool.hold()
      try {
        for (const statement of opening) await held.query(statement, [])
      } catch (error) {
        held.release({ broken: true })
        throw error
      }
      const timer = setTimeout(() => void rollBack(session), lifetime)
      open.set(session, { number, held, connection, timer })
      return held.query
    },
    use: (place, connection) => {
      const entry = entryOf(place)
      if (entry !== undefined) {
        entry.connection = connection
        return entry.held.query
      }
      const ended = last.get(place.session)
      if (ended?.number !== place.number) throw gone(place, 'does not match any in-progress transactions')
      if (ended.end === 'aborted') throw gone(place, 'has been aborted.')
      throw new CommandError(256, 'TransactionCommitted', `Transaction ${place.number} has been committed.`)
    },
    commit: async (place) => {
      const entry = entryOf(place)
      if (entry === undefined) {
        if (await wasCommitted(place)) return
        throw gone(place, 'has been aborted.')
      }
      take(place.session)
      await commit(place, entry)
    },
    abort: async (place) => {
      if (entryOf(place) !== undefined) await rollBack(place.session)
    },
    isOpen: (place) => entryOf(place) !== undefined,
    endSession: rollBack,
    connectionGone: async (connection) => {
      const theirs = [...open].filter(([, entry]) => entry.connection === connection)
      await Promise.all(theirs.map(([session]) => rollBack(session)))
    },
  }
}
