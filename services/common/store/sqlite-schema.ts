import type { Database } from 'bun:sqlite'
import { kindChanged } from './faults.ts'
import { holdsAll, readScalars, type Shape } from './shape.ts'
import { bindable, columnOf, columnTypes, tableOf } from './sqlite-sql.ts'

type Column = { readonly name: string; readonly type: string }

/** Runs a search once and lets go of it. */
const readRows = <R>(db: Database, text: string): R[] => {
  using statement = db.prepare<R, []>(text)
  return statement.all()
}

const quoted = (name: string) => `"${name}"`

/** Index name to its definition. A name spells its fields, so a changed declaration is a changed name. */
const declaredIndexes = (shape: Shape) => {
  const table = tableOf(shape)
  const made = new Map<string, string>()
  for (const fields of shape.unique) {
    const whole = holdsAll(shape, fields)
    const name = `unique:${shape.name}:${fields.join(',')}${whole ? ':all' : ''}`
    const present = fields.map((field) => `${columnOf(field)} IS NOT NULL`).join(' AND ')
    made.set(
      name,
      `CREATE UNIQUE INDEX ${quoted(name)} ON ${table} (${fields.map(columnOf)})${whole ? '' : ` WHERE ${present}`}`,
    )
  }
  for (const fields of shape.indexes) {
    const name = `index:${shape.name}:${fields.join(',')}`
    made.set(name, `CREATE INDEX ${quoted(name)} ON ${table} (${fields.map(columnOf)})`)
  }
  return made
}

/** A field that was declared after documents were written gets its column filled from their bodies. */
const backfill = (db: Database, shape: Shape, added: readonly string[]) => {
  const positions = added.map((field) => [...shape.fields.keys()].indexOf(field))
  using update = db.prepare<unknown, (string | number | null)[]>(
    `UPDATE ${tableOf(shape)} SET ${added.map((field) => `${columnOf(field)} = ?`)} WHERE id = ?`,
  )
  const rows = readRows<{ id: string; body: string }>(db, `SELECT id, body FROM ${tableOf(shape)}`)
  for (const { id, body } of rows) {
    const scalars = readScalars(shape, JSON.parse(body))
    update.run(...positions.map((at) => bindable(scalars[at] ?? null)), id)
  }
}

/** Drops the indexes that are no longer declared, and answers the definitions still to be made. */
const dropIndexes = (db: Database, shape: Shape) => {
  const declared = declaredIndexes(shape)
  const kept = readRows<{ name: string }>(
    db,
    `SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'c_${shape.name}' AND sql IS NOT NULL`,
  )
  for (const { name } of kept) if (!declared.delete(name)) db.run(`DROP INDEX ${quoted(name)}`)
  return declared.values()
}

/** Makes the columns match. A column left behind would be stale when its field is declared again: it goes. */
const matchColumns = (db: Database, shape: Shape) => {
  const table = tableOf(shape)
  const present = new Map(
    readRows<Column>(
      db,
      `SELECT name, type FROM pragma_table_info('c_${shape.name}') WHERE name LIKE 'f\\_%' ESCAPE '\\'`,
    ).map(({ name, type }) => [name, type]),
  )
  const added: string[] = []
  for (const [field, kind] of shape.fields) {
    const type = present.get(`f_${field}`)
    present.delete(`f_${field}`)
    if (type === columnTypes[kind]) continue
    if (type !== undefined) throw kindChanged(shape, field, type)
    db.run(`ALTER TABLE ${table} ADD COLUMN ${columnOf(field)} ${columnTypes[kind]}`)
    added.push(field)
  }
  for (const column of present.keys()) db.run(`ALTER TABLE ${table} DROP COLUMN ${quoted(column)}`)
  if (added.length > 0) backfill(db, shape, added)
}

/** Makes or drops table, columns and indexes as declared, not bodies. Throws Fault `declaration-changed`. */
export const ensureTable = (db: Database, shape: Shape): void => {
  db.run(
    `CREATE TABLE IF NOT EXISTS ${tableOf(shape)} (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, body TEXT NOT NULL) STRICT`,
  )
  const missing = dropIndexes(db, shape)
  matchColumns(db, shape)
  for (const definition of missing) db.run(definition)
}
