import type { Call } from './call.ts'
import type { Asker, Cursors, FirstPage } from './cursors.ts'
import { type Doc, decode, decodeExactly } from './document.ts'
import { CommandError, translateState, type Unmapped, unpackState } from './errors.ts'
import { parseBson, type Query, type Row } from './pool.ts'
import { writeCalls } from './schema.ts'
import { type Answer, answerWrite } from './writes.ts'

/** Commands that the engine carries out: a row for each that the product sends. */

export type Engine = {
  readonly cursors: Cursors
  /** Asks in the command's transaction, or outside of any. */
  readonly query: Query
  readonly asker: Asker
  readonly unmapped: Unmapped
}

type Handler = (call: Call, engine: Engine) => Promise<Answer>

const done = (reply: Buffer | Doc): Answer => ({ reply, failed: false })

const only = (row: Row): string | null | undefined => Object.values(row)[0]

/** A statement that gives one document, which is the answer. */
const document =
  (sql: string, values: (call: Call) => readonly unknown[]): Handler =>
  async (call, { query }) => {
    const reply = decodeExactly(parseBson(only(await query(sql, values(call)))))
    return done({ ...reply, ok: 1 }) // what went wrong was thrown
  }

const page =
  (kind: FirstPage): Handler =>
  async ({ db, spec }, { cursors, asker }) =>
    done(await cursors.first(kind, db, spec, asker))

/** A retryable write is done once, however often it comes; in a transaction nothing is retried alone. */
const write =
  (name: keyof typeof writeCalls): Handler =>
  async ({ db, spec, session, number, transaction }, { query, unmapped }) => {
    const inTransaction = transaction !== 'none'
    const row =
      number === undefined || inTransaction
        ? await query(`select p_result, p_success from ${writeCalls[name]('$1', '$2')}`, [db, spec])
        : await query('select p_result, p_success from front.write_once($1, $2, $3, $4, $5)', [
            name,
            db,
            spec,
            session,
            number,
          ])
    return answerWrite(row, { unmapped, inTransaction })
  }

/** The engine answers an index it cannot make with ok: 0 inside; that is an error of the command. */
const createIndexes: Handler = async ({ db, spec }, { query, unmapped }) => {
  const row = await query('select documentdb_api_internal.create_indexes_non_concurrently($1, $2, true)', [db, spec])
  const { raw, ...flat } = decode(parseBson(only(row)))
  const shard = ((raw as Doc | undefined)?.['defaultShard'] as Doc | undefined) ?? flat
  if (shard['ok'] === 1) return done(shard)
  throw translateState(unpackState(Number(shard['code'])), String(shard['errmsg']), { inTransaction: false, unmapped })
}

const killCursors: Handler = async ({ request }, { cursors }) => {
  const ids = request['cursors'] as readonly unknown[]
  await cursors.kill(ids.map(String))
  return done({ cursorsKilled: ids, cursorsNotFound: [], cursorsAlive: [], cursorsUnknown: [], ok: 1 })
}

const drop: Handler = async ({ db, collection }, { query }) => {
  const dropped = only(await query('select documentdb_api.drop_collection($1, $2)', [db, collection]))
  if (dropped !== 't') throw new CommandError(26, 'NamespaceNotFound', 'ns not found')
  return done({ ns: `${db}.${collection}`, ok: 1 })
}

const dropDatabase: Handler = async ({ db }, { query }) => {
  await query('select documentdb_api.drop_database($1)', [db])
  return done({ dropped: db, ok: 1 })
}

const dbAndSpec = ({ db, spec }: Call) => [db, spec]

/** By name. */
export const engineCommands: Readonly<Record<string, Handler>> = {
  find: page('find'),
  aggregate: page('aggregate'),
  listCollections: page('list_collections'),
  listIndexes: page('list_indexes'),
  getMore: async ({ db, spec, request }, { cursors, asker }) =>
    done(await cursors.more(String(request['getMore']), db, spec, asker)),
  killCursors,
  insert: write('insert'),
  update: write('update'),
  delete: write('delete'),
  findAndModify: write('findAndModify'),
  create: document('select documentdb_api.create_collection_view($1, $2)', dbAndSpec),
  drop,
  dropDatabase,
  createIndexes,
  dropIndexes: document('call documentdb_api.drop_indexes($1, $2)', dbAndSpec),
  collMod: document('select documentdb_api.coll_mod($1, $2, $3)', ({ db, collection, spec }) => [db, collection, spec]),
  collStats: document('select documentdb_api.coll_stats($1, $2)', ({ db, collection }) => [db, collection]),
}
