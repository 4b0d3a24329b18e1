import { CommandError } from './errors.ts'
import { type Pool, parseBson, type Query, type Reserved, type Row } from './pool.ts'

/** Functions of the engine that give the first page of something. */
export type FirstPage = 'find' | 'aggregate' | 'list_collections' | 'list_indexes'

type Cursor = {
  readonly connection: number
  /** Some cursors live in the engine's connection that made them. */
  readonly reserved: Reserved | undefined
  readonly session: string | undefined
  continuation: string
}

/** Who asks, where. `query` is that of the transaction the cursor lives and ends with. */
export type Asker = {
  readonly connection: number
  readonly transaction: { readonly session: string; readonly query: Query } | undefined
}

const firstPage = (query: Query, kind: FirstPage, db: string, spec: Buffer): Promise<Row> =>
  query(
    `select cursorpage, continuation, persistconnection, cursorid from documentdb_api.${kind}_cursor_first_page($1, $2)`,
    [db, spec],
  )

/** Results that are fetched page by page. */
export const openCursors = (pool: Pool) => {
  const cursors = new Map<string, Cursor>()

  const drop = async (id: string): Promise<void> => {
    const cursor = cursors.get(id)
    cursors.delete(id)
    await cursor?.reserved?.end('close all')
  }

  /** Which cursors live in their connection is known when the page is there. */
  const firstOutside = async (kind: FirstPage, db: string, spec: Buffer, connection: number) => {
    const reserved = await pool.reserve()
    let keeps = false
    try {
      const row = await firstPage(reserved.query, kind, db, spec)
      keeps = Boolean(row['continuation']) && row['persistconnection'] === 't'
      return note(row, { connection, session: undefined, reserved: keeps ? reserved : undefined })
    } finally {
      if (!keeps) reserved.release()
    }
  }

  const note = (row: Row, cursor: Omit<Cursor, 'continuation'>): Buffer => {
    const { continuation, cursorid } = row
    if (continuation) cursors.set(String(cursorid), { ...cursor, continuation })
    return parseBson(row['cursorpage'])
  }

  return {
    first: async (kind: FirstPage, db: string, spec: Buffer, { connection, transaction }: Asker) => {
      if (transaction === undefined) return firstOutside(kind, db, spec, connection)
      const { session, query } = transaction
      return note(await firstPage(query, kind, db, spec), { connection, session, reserved: undefined })
    },
    more: async (id: string, db: string, spec: Buffer, { transaction }: Asker) => {
      const cursor = cursors.get(id)
      if (cursor === undefined || cursor.session !== transaction?.session)
        throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`)
      const query = transaction?.query ?? cursor.reserved?.query ?? pool.query
      const row = await query('select cursorpage, continuation from documentdb_api.cursor_get_more($1, $2, $3)', [
        db,
        spec,
        parseBson(cursor.continuation),
      ])
      if (row['continuation']) cursor.continuation = row['continuation']
      else await drop(id)
      return parseBson(row['cursorpage'])
    },
    kill: async (ids: readonly string[]) => {
      for (const id of ids) await drop(id)
    },
    connectionGone: async (connection: number) => {
      const theirs = [...cursors].filter(([, cursor]) => cursor.connection === connection)
      await Promise.all(theirs.map(([id]) => drop(id)))
    },
    /** Forgets those of a transaction that has ended. */
    transactionEnded: (session: string) => {
      for (const [id, cursor] of cursors) if (cursor.session === session) cursors.delete(id)
    },
  }
}

export type Cursors = ReturnType<typeof openCursors>
