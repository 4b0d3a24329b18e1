import { Fault } from '../process/fault.ts'
import type { FieldKind, Scalar } from './store.ts'

/** A declaration without its document type, as written. */
export type Declared = {
  readonly name: string
  readonly fields: Readonly<Record<string, FieldKind | undefined>>
  readonly required?: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly indexes?: readonly (readonly string[])[]
  readonly secret?: boolean | 'when-removed'
}

/** A checked declaration, the same for every driver. */
export type Shape = {
  readonly name: string
  /** Without `id`, in the order they were declared. */
  readonly fields: ReadonlyMap<string, FieldKind>
  readonly required: ReadonlySet<string>
  readonly unique: readonly (readonly string[])[]
  readonly indexes: readonly (readonly string[])[]
  /** Holds secrets that are destroyed by removing them, and by replacing them unless it is `when-removed`. */
  readonly secret: false | 'always' | 'when-removed'
}

/** Names go into SQL and into BSON keys, so they are identifiers and nothing else. */
const collectionName = /^[a-z][a-z0-9_]{0,47}$/
const fieldName = /^[A-Za-z][A-Za-z0-9_]{0,47}$/
const reserved = new Set(['id', '_id', 'rev', 'body'])
const kinds = new Set<string>(['text', 'integer', 'real', 'boolean'])

const bad = (detail: string) => new Fault('invalid', 'bad-declaration', detail)

/** Checks a declaration. Throws Fault invalid `bad-declaration`. */
export const parseDeclaration = (declared: Declared): Shape => {
  const { name } = declared
  if (!collectionName.test(name)) throw bad(`not a collection name: ${JSON.stringify(name)}`)
  const fields = new Map<string, FieldKind>()
  const taken = new Set<string>(reserved)
  for (const [field, kind] of Object.entries(declared.fields)) {
    if (kind === undefined) continue
    if (!fieldName.test(field)) throw bad(`${name}: not a field name: ${JSON.stringify(field)}`)
    // SQL column names ignore case, so two fields may not differ by case alone.
    if (taken.has(field.toLowerCase())) throw bad(`${name}: field name is taken: ${field}`)
    if (!kinds.has(kind)) throw bad(`${name}.${field}: not a kind: ${kind}`)
    taken.add(field.toLowerCase())
    fields.set(field, kind)
  }
  const indexed = (lists: readonly (readonly string[])[] = []) => {
    for (const list of lists)
      if (list.length === 0 || list.some((field) => !fields.has(field)))
        throw bad(`${name}: an index needs declared fields, got [${list.join(', ')}]`)
    return lists
  }
  const required = new Set(declared.required ?? [])
  for (const field of required)
    if (!fields.has(field)) throw bad(`${name}: a required field must be declared, ${field} is not`)
  return {
    name,
    fields,
    required,
    unique: indexed(declared.unique),
    indexes: indexed(declared.indexes),
    secret: declared.secret === true ? 'always' : (declared.secret ?? false),
  }
}

/** The kind of a searchable field. Throws Fault invalid `undeclared-field`. */
export const findKind = (shape: Shape, field: string): FieldKind => {
  const kind = field === 'id' ? 'text' : shape.fields.get(field)
  if (kind === undefined)
    throw new Fault('invalid', 'undeclared-field', `${shape.name} has no declared field ${JSON.stringify(field)}`)
  return kind
}

const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && value.isWellFormed(),
  integer: Number.isSafeInteger,
  real: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
}

/** A value of the field's kind. Throws Fault invalid `bad-value`, without the value: it may be a secret. */
export const checkScalar = (shape: Shape, field: string, value: unknown): Scalar => {
  const kind = findKind(shape, field)
  if (!fits[kind](value)) throw new Fault('invalid', 'bad-value', `${shape.name}.${field} must be ${kind}`)
  return value as Scalar
}

/** True when every document is in an index over these fields. */
export const holdsAll = (shape: Shape, fields: readonly string[]): boolean =>
  fields.every((field) => shape.required.has(field))

/** The declared fields of a document in order, null where absent. Throws Fault invalid `bad-value`. */
export const readScalars = (shape: Shape, doc: Readonly<Record<string, unknown>>): (Scalar | null)[] => {
  if (checkScalar(shape, 'id', doc['id']) === '') throw new Fault('invalid', 'bad-value', `${shape.name}.id is empty`)
  return [...shape.fields.keys()].map((field) => {
    const value = Object.hasOwn(doc, field) ? doc[field] : undefined
    if (value !== undefined && value !== null) return checkScalar(shape, field, value)
    if (shape.required.has(field)) throw new Fault('invalid', 'bad-value', `${shape.name}.${field} is required`)
    return null
  })
}
