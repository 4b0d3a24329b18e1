import { Fault } from '../process/fault.ts'
import { checkScalar, findKind, holdsAll, type Shape } from './shape.ts'
import type { Scalar } from './store.ts'

export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

/** One checked condition; all of a list must hold. */
export type Term =
  | { readonly field: string; readonly is: Comparison; readonly value: Scalar }
  | { readonly field: string; readonly is: 'in'; readonly values: readonly Scalar[] }

/** A checked query, the same for every driver. `sort` gives a total order, by `id` at the end where it must. */
export type Plan = {
  readonly terms: readonly Term[]
  readonly sort: readonly (readonly [field: string, direction: 'asc' | 'desc'])[]
  readonly limit: number | undefined
  readonly skip: number
}

const comparisons = new Set<string>(['gt', 'gte', 'lt', 'lte'])
const bad = (detail: string) => new Fault('invalid', 'bad-query', detail)

const parseCondition = (shape: Shape, field: string, condition: unknown): readonly Term[] => {
  const kind = findKind(shape, field)
  if (typeof condition !== 'object' || condition === null)
    return [{ field, is: 'eq', value: checkScalar(shape, field, condition) }]
  const entries = Object.entries(condition)
  // An empty or misspelt condition must not quietly match everything.
  if (entries.length === 0) throw bad(`${shape.name}.${field}: the condition is empty`)
  return entries.map(([is, operand]: [string, unknown]): Term => {
    if (is === 'in' && Array.isArray(operand))
      return { field, is, values: operand.map((value) => checkScalar(shape, field, value)) }
    if (!comparisons.has(is) || kind === 'boolean')
      throw bad(`${shape.name}.${field}: no condition ${JSON.stringify(is)} on ${kind}`)
    return { field, is: is as Comparison, value: checkScalar(shape, field, operand) }
  })
}

/** Checks conditions. Throws Fault invalid `undeclared-field`, `bad-value`, `bad-query`. */
export const planWhere = (shape: Shape, where: object = {}): readonly Term[] =>
  Object.entries(where).flatMap(([field, condition]) => parseCondition(shape, field, condition))

const whole = (name: string, value: number | undefined) => {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 0))
    throw bad(`${name} must be a whole number, not ${value}`)
  return value
}

/** True when no two documents can tie: an index's sort then serves as it is, in either direction. */
const isTotal = (shape: Shape, terms: readonly Term[], sort: Plan['sort']): boolean => {
  const fixed = new Set([
    ...terms.flatMap(({ field, is }) => (is === 'eq' ? [field] : [])),
    ...sort.map(([field]) => field),
  ])
  return (
    fixed.has('id') ||
    shape.unique.some((fields) => holdsAll(shape, fields) && fields.every((field) => fixed.has(field)))
  )
}

/** Checks a whole query. Throws Fault invalid `undeclared-field`, `bad-value`, `bad-query`. */
export const planQuery = (
  shape: Shape,
  query: {
    readonly where?: object
    readonly sort?: readonly (readonly [string, 'asc' | 'desc'])[]
    readonly limit?: number
    readonly skip?: number
  } = {},
): Plan => {
  const sort = query.sort ?? []
  for (const [field, direction] of sort) {
    findKind(shape, field)
    if (direction !== 'asc' && direction !== 'desc') throw bad(`no sort direction ${JSON.stringify(direction)}`)
  }
  const terms = planWhere(shape, query.where)
  const last = sort.at(-1)?.[1] ?? 'asc'
  return {
    terms,
    sort: isTotal(shape, terms, sort) ? sort : [...sort, ['id', last]],
    limit: whole('limit', query.limit),
    skip: whole('skip', query.skip) ?? 0,
  }
}

/** Checks what is to be claimed. Throws Fault invalid as `planQuery`. */
export const planClaim = (
  shape: Shape,
  {
    where,
    sort = [],
    set,
  }: { readonly where: object; readonly sort?: readonly (readonly [string, 'asc' | 'desc'])[]; readonly set: object },
): Plan => {
  if (Object.hasOwn(set, 'id')) throw bad(`${shape.name}: a claim cannot set id`)
  if (Object.values(set).includes(undefined)) throw bad(`${shape.name}: a claim cannot set undefined`)
  return planQuery(shape, { where, sort, limit: 1 })
}
