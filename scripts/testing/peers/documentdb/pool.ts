import pg from 'pg'
import { connection } from './engine.ts'

/** A row of text. BSON comes as `BSONHEX...`. */
export type Row = Readonly<Record<string, string | null | undefined>>

/** Asks the engine one statement that gives one row. */
export type Query = (sql: string, values: readonly unknown[]) => Promise<Row>

/** A connection of the engine that somebody has to himself. */
export type Reserved = {
  readonly query: Query
  /** Runs a last statement and gives it back; a connection on which that fails is closed. */
  readonly end: (sql: string) => Promise<void>
  /** Gives it back as it is. */
  readonly release: () => void
  /** Closes it. */
  readonly close: () => void
}

/** The engine's connections. `query` uses one for a statement, `reserve` until it is given back; who finds none waits. */
export type Pool = { readonly query: Query; readonly reserve: () => Promise<Reserved> }

/** Together below the engine's `max_connections`, with room for its own workers. */
const sizes = { statements: 16, reserved: 72 } as const

const asText = { getTypeParser: () => (text: string) => text }

const queryOn =
  (client: pg.Pool | pg.PoolClient): Query =>
  async (sql, values) => {
    const { rows } = await client.query<Row>({ text: sql, values: [...values], types: asText })
    return rows[0] ?? {}
  }

/** BSON as the engine gives it. It takes it as bytes, which the driver sends as they are. */
export const parseBson = (text: string | null | undefined): Buffer => {
  if (text?.startsWith('BSONHEX') !== true) throw new Error(`the engine gave no document: ${text}`)
  return Buffer.from(text.slice(7), 'hex')
}

const reserveFrom = async (pool: pg.Pool): Promise<Reserved> => {
  const client = await pool.connect()
  const onError = () => {}
  client.on('error', onError)
  const giveBack = (broken: boolean) => {
    client.removeListener('error', onError)
    client.release(broken)
  }
  const query = queryOn(client)
  return {
    query,
    release: () => giveBack(false),
    close: () => giveBack(true),
    end: (sql) =>
      query(sql, []).then(
        () => giveBack(false),
        () => giveBack(true),
      ),
  }
}

/** Statements and reserved connections do not wait for each other: a transaction cannot be starved by its own kind. */
export const openPool = (): Pool => {
  const statements = new pg.Pool({ ...connection, max: sizes.statements })
  const reserved = new pg.Pool({ ...connection, max: sizes.reserved })
  for (const pool of [statements, reserved]) pool.on('error', () => {}) // an idle one was cut off: the next is new
  return { query: queryOn(statements), reserve: () => reserveFrom(reserved) }
}
