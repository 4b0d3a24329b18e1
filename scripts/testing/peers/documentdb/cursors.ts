import { CommandError } from './errors.ts'
import { fromEngine, type Held, type Pool, type Query } from './pool.ts'

/** Functions of the engine that give the first page of something. */
export type FirstPage = 'find' | 'aggregate' | 'list_collections' | 'list_indexes'

type Cursor = {
  readonly connection: number
  readonly user: string | undefined
  readonly held: Held | undefined
  readonly session: string | undefined
  continuation: string
}

/** Who asks, where. `query` is that of the transaction the cursor lives and ends with. */
export type Asker = {
  readonly connection: number
  readonly user: string | undefined
  readonly transaction: { readonly session: string; readonly query: Query } | undefined
}

/** Results that are fetched page by page. */
export type Cursors = {
  readonly first: (kind: FirstPage, db: string, spec: Buffer, asker: Asker) => Promise<Buffer>
  readonly more: (id: string, db: string, spec: Buffer, asker: Asker) => Promise<Buffer>
  /** Ids that were there, and now are not. */
  readonly kill: (ids: readonly string[]) => Promise<readonly string[]>
  readonly connectionGone: (connection: number) => Promise<void>
  /** Forgets those of a transaction that has ended. */
  readonly transactionEnded: (session: string) => void
}

const free = async ({ held }: Cursor): Promise<void> => {
  if (held === undefined) return
  await held.query('close all', []).then(
    () => held.release(),
    () => held.release({ broken: true }),
  )
}

export const openCursors = (pool: Pool): Cursors => {
  const cursors = new Map<string, Cursor>()

  const drop = async (id: string): Promise<boolean> => {
    const cursor = cursors.get(id)
    if (cursor === undefined) return false
    cursors.delete(id)
    await free(cursor)
    return true
  }

  return {
    first: async (kind, db, spec, { connection, user, transaction }) => {
      // Some cursors live in the connection that made them; which, is known when the page is there.
      const held = transaction === undefined ? await pool.hold() : undefined
      let kept = false
      try {
        const query = transaction?.query ?? held?.query ?? pool.query
        const row = await query(
          `select cursorpage, continuation, persistconnection, cursorid from documentdb_api.${kind}_cursor_first_page($1, $2)`,
          [db, spec],
        )
        if (row['continuation']) {
          kept = held !== undefined && row['persistconnection'] === 't'
          cursors.set(String(row['cursorid']), {
            connection,
            user,
            held: kept ? held : undefined,
            session: transaction?.session,
            continuation: row['continuation'],
          })
        }
        return fromEngine(row['cursorpage'])
      } finally {
        if (!kept) held?.release()
      }
    },
    more: async (id, db, spec, { user, transaction }) => {
      const cursor = cursors.get(id)
      if (cursor === undefined || cursor.session !== transaction?.session)
        throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`)
      if (cursor.user !== user)
        throw new CommandError(
          13,
          'Unauthorized',
          `cursor id ${id} was not created by the authenticated user`,
        )
      const query = transaction?.query ?? cursor.held?.query ?? pool.query
      const row = await query(
        'select cursorpage, continuation from documentdb_api.cursor_get_more($1, $2, $3)',
        [db, spec, fromEngine(cursor.continuation)],
      )
      if (row['continuation']) cursor.continuation = row['continuation']
      else await drop(id)
      return fromEngine(row['cursorpage'])
    },
    kill: async (ids) => {
      const killed: string[] = []
      for (const id of ids) if (await drop(id)) killed.push(id)
      return killed
    },
    connectionGone: async (connection) => {
      const theirs = [...cursors].filter(([, cursor]) => cursor.connection === connection)
      await Promise.all(theirs.map(([id]) => drop(id)))
    },
    transactionEnded: (session) => {
      for (const [id, cursor] of cursors) if (cursor.session === session) cursors.delete(id)
    },
  }
}
