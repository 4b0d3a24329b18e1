import pg from 'pg'
import { connection } from './engine.ts'

/** A row of text. BSON comes as `BSONHEX...`. */
export type Row = Readonly<Record<string, string | null | undefined>>

/** Asks the engine one statement that gives one row. */
export type Query = (sql: string, values: readonly unknown[]) => Promise<Row>

/** A connection of the engine that somebody has to himself. */
export type Held = {
  readonly query: Query
  /** Gives it back; `broken` closes it instead. */
  readonly release: (options?: { readonly broken: boolean }) => void
}

/** The engine's connections. `query` uses one for a statement, `hold` for as long as it is held; who finds none waits. */
export type Pool = {
  readonly query: Query
  readonly hold: () => Promise<Held>
}

/** Together below the engine's `max_connections`, with room for its own workers. */
const sizes = { statements: 16, held: 72 } as const

const asText = { getTypeParser: () => (text: string) => text }

const ask =
  (client: pg.Pool | pg.PoolClient): Query =>
  async (sql, values) => {
    const { rows } = await client.query<Row>({ text: sql, values: [...values], types: asText })
    return rows[0] ?? {}
  }

/** BSON as the engine takes it: bytes, which the driver sends as they are. */
export const fromEngine = (text: string | null | undefined): Buffer => {
  if (text?.startsWith('BSONHEX') !== true) throw new Error(`the engine gave no document: ${text}`)
  return Buffer.from(text.slice(7), 'hex')
}

/** Statements and held connections do not wait for each other: a transaction cannot be starved by its own kind. */
export const openPool = (): Pool => {
  const statements = new pg.Pool({ ...connection, max: sizes.statements })
  const held = new pg.Pool({ ...connection, max: sizes.held })
  for (const pool of [statements, held]) pool.on('error', () => {}) // an idle one was cut off: the next is new
  return {
    query: ask(statements),
    hold: async () => {
      const client = await held.connect()
      client.on('error', () => {})
      let out = true
      return {
        query: ask(client),
        release: ({ broken } = { broken: false }) => {
          if (!out) return
          out = false
          client.removeAllListeners('error')
          client.release(broken)
        },
      }
    },
  }
}
