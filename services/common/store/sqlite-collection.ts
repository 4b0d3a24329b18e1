import type { Database } from 'bun:sqlite'
import { documentText } from './document.ts'
import { missing, stale } from './faults.ts'
import { planClaim, planQuery, planWhere } from './query.ts'
import { checkScalar, readScalars, type Shape } from './shape.ts'
import type { Forgetting } from './sqlite-forget.ts'
import { bindable, type Sql, selectSql, tableOf, whereSql, writeStatements } from './sqlite-sql.ts'
import type { Row, Statements } from './sqlite-statements.ts'
import type { Collection, Doc, Stored } from './store.ts'

/** The operations of a collection as plain synchronous calls; sqlite.ts decides when they may run. */
export type Operations = {
  readonly [K in keyof Collection<Doc>]: (
    ...args: Parameters<Collection<Doc>[K]>
  ) => Awaited<ReturnType<Collection<Doc>[K]>>
}

export const sqliteOperations = (
  db: Database,
  prepared: Statements,
  shape: Shape,
  forget: Forgetting['forget'],
): Operations => {
  const table = tableOf(shape)
  const writes = writeStatements(shape)
  const parse = ({ rev, body }: Row): Stored<Doc> => ({ ...JSON.parse(body), rev })
  const all = ({ text, values }: Sql) => prepared(text).all(...values)
  const atomic = <R>(work: () => R): R => (db.inTransaction ? work() : db.transaction(work).immediate())
  const row = (id: string) =>
    prepared(`SELECT rev, body FROM ${table} WHERE id = ?`).get(checkScalar(shape, 'id', id) as string)
  const bound = (doc: Doc) => {
    const scalars = readScalars(shape, doc).map(bindable)
    return [documentText(shape, doc), ...scalars]
  }
  const insertBy = (text: string, doc: Doc, rev = 1) => prepared(text).run(doc.id, rev, ...bound(doc)).changes
  const update = (doc: Doc, rev: number) => {
    const { changes } = prepared(writes.update).run(...bound(doc), doc.id, rev)
    if (changes > 0 && shape.secret === 'always') forget(shape)
    return changes
  }
  return {
    get: (id) => {
      const kept = row(id)
      return kept ? parse(kept) : undefined
    },
    find: (query = {}) => all(selectSql(shape, planQuery(shape, query))).map(parse),
    count: (where = {}) => {
      const { text, values } = whereSql(planWhere(shape, where))
      const [[matches = 0] = []] = prepared(`SELECT count(*) FROM ${table}${text}`).values(...values)
      return Number(matches)
    },
    insert: (doc) => {
      insertBy(writes.insert, doc)
      return { ...doc, rev: 1 }
    },
    insertMany: (docs, { onDuplicate }) => {
      const text = onDuplicate === 'ignore' ? writes.insertNew : writes.insert
      return atomic(() => docs.reduce((made, doc) => made + insertBy(text, doc), 0))
    },
    restore: (docs) => atomic(() => docs.reduce((made, doc) => made + insertBy(writes.insertNewId, doc, doc.rev), 0)),
    replace: (doc, rev) =>
      atomic(() => {
        if (update(doc, rev) === 1) return { ...doc, rev: rev + 1 }
        if (row(doc.id)) throw stale(shape)
        throw missing(shape)
      }),
    remove: (id, rev) =>
      atomic(() => {
        const kept = row(id)
        if (!kept) return false
        if (rev !== undefined && kept.rev !== rev) throw stale(shape)
        prepared(`DELETE FROM ${table} WHERE id = ?`).run(id)
        forget(shape)
        return true
      }),
    claim: (take) => {
      const plan = planClaim(shape, take)
      return atomic(() => {
        const [first] = all(selectSql(shape, plan))
        if (!first) return undefined
        const taken = { ...parse(first), ...take.set }
        update(taken, first.rev)
        return { ...taken, rev: first.rev + 1 }
      })
    },
  }
}
