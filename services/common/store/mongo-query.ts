import type { Filter as MongoFilter } from 'mongodb'
import type { MongoDoc } from './mongo-document.ts'
import type { Plan, Term } from './query.ts'
import { holdsAll, type Shape } from './shape.ts'
import type { FieldKind, Scalar } from './store.ts'

type Filter = Readonly<Record<string, { readonly $gte: Scalar }>>
export type IndexKeys = Readonly<Record<string, 1 | -1>>

/** An index as createIndexes takes it. Names spell their fields, so a changed declaration is a changed name. */
export type Index = {
  readonly name: string
  readonly key: IndexKeys
  readonly unique?: true
  readonly partialFilterExpression?: Filter
}

/** The path of a field: the id is MongoDB's own. */
export const fieldPath = (field: string): string => (field === 'id' ? '_id' : field)

const operandOf = (term: Term) => (term.is === 'in' ? { $in: term.values } : { [`$${term.is}`]: term.value })

/** Terms as one filter. Values are compared within their type alone, so an absent or null field meets none. */
export const buildFilter = (terms: readonly Term[]): MongoFilter<MongoDoc> => {
  const filters = terms.map((term): MongoFilter<MongoDoc> => ({ [fieldPath(term.field)]: operandOf(term) }))
  const [only] = filters
  if (only === undefined) return {}
  return filters.length === 1 ? only : { $and: filters }
}

export const buildSort = (plan: Pick<Plan, 'sort'>): IndexKeys =>
  Object.fromEntries(plan.sort.map(([field, direction]) => [fieldPath(field), direction === 'asc' ? 1 : -1]))

/** Least value of a kind in MongoDB's order: what is not below it is there and is no null. */
const least: Readonly<Record<FieldKind, Scalar>> = {
  text: '',
  integer: Number.NEGATIVE_INFINITY,
  real: Number.NEGATIVE_INFINITY,
  boolean: false,
}

const indexKeys = (fields: readonly string[]): IndexKeys =>
  Object.fromEntries(fields.map((field) => [fieldPath(field), 1 as const]))

/** A unique index leaves out what lacks a field, by a comparison, which the planner sees; the others end in the id. */
export const declaredIndexes = (shape: Shape): readonly Index[] => [
  ...shape.unique.map((fields): Index => {
    const whole = holdsAll(shape, fields)
    return {
      name: `unique:${fields.join(',')}${whole ? ':all' : ''}`,
      key: indexKeys(fields),
      unique: true,
      ...(!whole && {
        partialFilterExpression: Object.fromEntries(
          fields.map((field) => [field, { $gte: least[shape.fields.get(field) ?? 'text'] }]),
        ),
      }),
    }
  }),
  ...shape.indexes.map((fields) => ({ name: `index:${fields.join(',')}`, key: indexKeys([...fields, 'id']) })),
]

const NUMBER = ['int', 'long', 'double'] as const
const bsonTypes: Readonly<Record<FieldKind, readonly string[]>> = {
  text: ['string'],
  integer: NUMBER,
  real: NUMBER,
  boolean: ['bool'],
}

export type Validator = {
  readonly $jsonSchema: {
    readonly bsonType: 'object'
    readonly required: readonly string[]
    readonly properties: Readonly<Record<string, { readonly bsonType: readonly string[] }>>
  }
}

/** What the database itself refuses, whoever writes: a required field that is absent, a field of another kind. */
export const buildValidator = (shape: Shape): Validator => ({
  $jsonSchema: {
    bsonType: 'object',
    required: ['_id', 'rev', ...shape.required],
    properties: {
      _id: { bsonType: ['string'] },
      rev: { bsonType: NUMBER },
      ...Object.fromEntries(
        [...shape.fields].map(([field, kind]) => [
          field,
          { bsonType: shape.required.has(field) ? bsonTypes[kind] : [...bsonTypes[kind], 'null'] },
        ]),
      ),
    },
  },
})
