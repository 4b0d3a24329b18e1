import type { Plan, Term } from './query.ts'
import type { Shape } from './shape.ts'
import type { FieldKind, Scalar } from './store.ts'

/** A statement and its bound values. */
export type Sql = { readonly text: string; readonly values: readonly (string | number | null)[] }

/** STRICT column types, one for each kind, so that a change of kind shows. Booleans are 0 and 1. */
export const columnTypes: Readonly<Record<FieldKind, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  real: 'REAL',
  boolean: 'INT',
}

/** Quoted names; shape.ts lets only identifiers come this far. */
export const tableOf = (shape: Shape) => `"c_${shape.name}"`
export const columnOf = (field: string) => (field === 'id' ? '[id]' : `[f_${field}]`)

export const bindable = (value: Scalar | null) => (typeof value === 'boolean' ? Number(value) : value)

const signs = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

const clauseOf = (term: Term) =>
  term.is === 'in'
    ? `${columnOf(term.field)} IN (${term.values.map(() => '?').join(', ')})`
    : `${columnOf(term.field)} ${signs[term.is]} ?`

/** ` WHERE ...` or nothing. */
export const whereSql = (terms: readonly Term[]): Sql => ({
  text: terms.length === 0 ? '' : ` WHERE ${terms.map(clauseOf).join(' AND ')}`,
  values: terms.flatMap((term) => (term.is === 'in' ? term.values.map(bindable) : [bindable(term.value)])),
})

export const selectSql = (shape: Shape, plan: Plan): Sql => {
  const where = whereSql(plan.terms)
  const columns = plan.sort.map(([field, direction]) => `${columnOf(field)} ${direction}`).join(', ')
  const order = columns === '' ? '' : ` ORDER BY ${columns}`
  return {
    text: `SELECT rev, body FROM ${tableOf(shape)}${where.text}${order} LIMIT ? OFFSET ?`,
    values: [...where.values, plan.limit ?? -1, plan.skip],
  }
}

/** The fixed statements of a collection. Inserts bind id, rev, body, fields; an update binds body, fields, id, rev. */
export const writeStatements = (shape: Shape) => {
  const table = tableOf(shape)
  const columns = [...shape.fields.keys()].map(columnOf)
  const insert = `INSERT INTO ${table} (id, rev, body${columns.map((c) => `, ${c}`).join('')}) VALUES (?, ?, ?${', ?'.repeat(columns.length)})`
  return {
    insert,
    insertNew: `${insert} ON CONFLICT DO NOTHING`,
    insertNewId: `${insert} ON CONFLICT (id) DO NOTHING`,
    update: `UPDATE ${table} SET rev = rev + 1, body = ?${columns.map((c) => `, ${c} = ?`).join('')} WHERE id = ? AND rev = ?`,
  }
}
