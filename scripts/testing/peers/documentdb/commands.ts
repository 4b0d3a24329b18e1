import { BSON } from 'mongodb'
import type { Call } from './call.ts'
import type { Asker, Cursors, FirstPage } from './cursors.ts'
import { type Doc, decode, decodeExactly, fieldsOf } from './document.ts'
import { duplicateError, indexIn } from './duplicate.ts'
import { CommandError, knownCode, unpackState } from './errors.ts'
import { fromEngine, type Query, type Row } from './pool.ts'
import type { retryable } from './schema.ts'
import { writeReply } from './writes.ts'

/** Commands that the engine carries out: a row for each. */

export type Engine = {
  readonly cursors: Cursors
  /** Asks in the command's transaction, or outside of any. */
  readonly query: Query
  readonly asker: Asker
  readonly unmapped: (state: string, message: string) => void
}

/** `failed` is a write error in an answer that says ok: it too ends a transaction. */
export type Answer = { readonly reply: Buffer | Doc; readonly failed: boolean }

type Handler = (call: Call, engine: Engine) => Promise<Answer>

const done = (reply: Buffer | Doc): Answer => ({ reply, failed: false })

const only = (row: Row): string | null | undefined => Object.values(row)[0]

/** A statement that gives one document, which is the answer. */
const answer =
  (sql: string, values: (call: Call) => readonly unknown[]): Handler =>
  async (call, { query }) => {
    const document = decodeExactly(fromEngine(only(await query(sql, values(call)))))
    return done({ ...document, ok: 1 }) // what went wrong was thrown
  }

const page =
  (kind: FirstPage): Handler =>
  async ({ db, spec }, { cursors, asker }) =>
    done(await cursors.first(kind, db, spec, asker))

const documentAt = ({ body, name }: Call, index: number): Doc | undefined => {
  const array =
    name === 'insert' ? fieldsOf(body).find((field) => field.name === 'documents')?.value : undefined
  const document = array === undefined ? undefined : fieldsOf(array)[index]?.value
  return document === undefined ? undefined : decode(document)
}

/** Asked outside the transaction that failed: there the engine answers no more. */
const keyOf = async ({ db, collection }: Call, name: string, query: Query): Promise<Doc> => {
  if (name === '_id_') return { _id: 1 }
  const row = await query('select cursorpage from documentdb_api.list_indexes_cursor_first_page($1, $2)', [
    db,
    Buffer.from(BSON.serialize({ listIndexes: collection, cursor: { batchSize: 1000 } })),
  ])
  const { firstBatch } = decode(fromEngine(row['cursorpage']))['cursor'] as {
    readonly firstBatch: readonly Doc[]
  }
  return (firstBatch.find((index) => index['name'] === name)?.['key'] as Doc | undefined) ?? {}
}

/** What MongoDB says of a duplicate, from what the engine said. */
export const explainDuplicate = async (
  call: Call,
  index: number,
  message: string,
  query: Query,
): Promise<Doc> => {
  const name = indexIn(message)
  if (name === undefined)
    return { errmsg: `E11000 duplicate key error collection: ${call.db}.${call.collection}` }
  const key = await keyOf(call, name, query)
  return duplicateError(`${call.db}.${call.collection}`, { name, key }, documentAt(call, index))
}

/** A retryable write is done once, however often it comes; in a transaction nothing is retried alone. */
const write =
  (name: (typeof retryable)[number], direct: string): Handler =>
  async (call, { query, unmapped }) => {
    const { db, spec, session, number, transaction } = call
    const once = transaction === 'none' && number !== undefined
    const row = once
      ? await query('select p_result, p_success from front.write_once($1, $2, $3, $4, $5)', [
          name,
          db,
          spec,
          session,
          number,
        ])
      : await query(`select p_result, p_success from documentdb_api.${direct}`, [db, spec])
    return writeReply(row, {
      explain: (index, message) => explainDuplicate(call, index, message, query),
      unmapped,
      inTransaction: transaction !== 'none',
    })
  }

/** The engine answers an index it cannot make with ok: 0 inside; that is an error of the command. */
const createIndexes: Handler = async ({ db, spec }, { query, unmapped }) => {
  const row = await query('select documentdb_api_internal.create_indexes_non_concurrently($1, $2, true)', [
    db,
    spec,
  ])
  const { raw, ...flat } = decode(fromEngine(only(row)))
  const shard = ((raw as Doc | undefined)?.['defaultShard'] as Doc | undefined) ?? flat
  if (shard['ok'] === 1) return done(shard)
  const state = unpackState(Number(shard['code']))
  const message = String(shard['errmsg'])
  const [code, codeName] = knownCode(state, message) ?? [8, 'UnknownError']
  if (knownCode(state, message) === undefined) unmapped(state, message)
  throw new CommandError(code, codeName, message)
}

const cursorIds = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

const killCursors: Handler = async ({ request }, { cursors }) => {
  const asked = cursorIds(request['cursors'])
  const killed = await cursors.kill(asked)
  const longs = (ids: readonly string[]) => ids.map((id) => BSON.Long.fromString(id))
  return done({
    cursorsKilled: longs(killed),
    cursorsNotFound: longs(asked.filter((id) => !killed.includes(id))),
    cursorsAlive: [],
    cursorsUnknown: [],
    ok: 1,
  })
}

const drop: Handler = async ({ db, collection }, { query }) => {
  const dropped = only(await query('select documentdb_api.drop_collection($1, $2)', [db, collection]))
  if (dropped !== 't') throw new CommandError(26, 'NamespaceNotFound', 'ns not found')
  return done({ ns: `${db}.${collection}`, ok: 1 })
}

const simple =
  (sql: string, values: (call: Call) => readonly unknown[], reply: (call: Call) => Doc): Handler =>
  async (call, { query }) => {
    await query(sql, values(call))
    return done(reply(call))
  }

const dbAndSpec = ({ db, spec }: Call) => [db, spec]

/** By canonical name. */
export const engineCommands: Readonly<Record<string, Handler>> = {
  find: page('find'),
  aggregate: page('aggregate'),
  listCollections: page('list_collections'),
  listIndexes: page('list_indexes'),
  getMore: async ({ db, spec, request }, { cursors, asker }) =>
    done(await cursors.more(String(request['getMore']), db, spec, asker)),
  killCursors,
  insert: write('insert', 'insert($1, $2, null, null)'),
  update: write('update', 'update($1, $2, null, null)'),
  delete: write('delete', 'delete($1, $2, null, null)'),
  findAndModify: write('findAndModify', 'find_and_modify($1, $2, null)'),
  count: answer('select document from documentdb_api.count_query($1, $2)', dbAndSpec),
  distinct: answer('select document from documentdb_api.distinct_query($1, $2)', dbAndSpec),
  create: answer('select documentdb_api.create_collection_view($1, $2)', dbAndSpec),
  drop,
  dropDatabase: simple(
    'select documentdb_api.drop_database($1)',
    ({ db }) => [db],
    ({ db }) => ({ dropped: db, ok: 1 }),
  ),
  createIndexes,
  dropIndexes: answer('call documentdb_api.drop_indexes($1, $2)', dbAndSpec),
  collMod: answer('select documentdb_api.coll_mod($1, $2, $3)', ({ db, collection, spec }) => [
    db,
    collection,
    spec,
  ]),
  collStats: answer('select documentdb_api.coll_stats($1, $2)', ({ db, collection }) => [db, collection]),
  dbStats: answer('select documentdb_api.db_stats($1)', ({ db }) => [db]),
  validate: answer('select document from documentdb_api.validate($1, $2)', dbAndSpec),
  listDatabases: answer('select documentdb_api.list_databases($1)', ({ spec }) => [spec]),
  renameCollection: simple(
    'select documentdb_api.rename_collection($1)',
    ({ spec }) => [spec],
    () => ({ ok: 1 }),
  ),
}

/** Commands that a transaction may hold (manual, "Transactions and Operations"). */
export const inTransactions: ReadonlySet<string> = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'getMore',
  'killCursors',
  'insert',
  'update',
  'delete',
  'findAndModify',
  'create',
  'createIndexes',
])
