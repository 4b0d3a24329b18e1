import { mayDo, type Permission, roles } from '#common/people/permissions'
import { type ApiDocument, listOperations, type Operation, type Schema } from './document.ts'

/** A change of the API that a client of the document before can notice: a sentence that names the place. */
export type Break = string

/** Whose values these are: what a client sends, or what it is answered. */
type Side = 'request' | 'answer'

const lower = ['maxLength', 'maximum', 'maxItems', 'maxProperties'] as const
const upper = ['minLength', 'minimum', 'minItems', 'minProperties'] as const

const limitsOf = (sub: Schema, sup: Schema, where: string): readonly Break[] => {
  const number = (schema: Schema, name: string, otherwise: number) => Number(schema[name] ?? otherwise)
  return [
    ...lower.filter((name) => number(sub, name, Infinity) > number(sup, name, Infinity)),
    ...upper.filter((name) => number(sub, name, -Infinity) < number(sup, name, -Infinity)),
    ...(sup.pattern !== undefined && sup.pattern !== sub.pattern ? ['pattern'] : []),
  ].map((name) => `${where}: ${name} is narrower`)
}

const valuesOf = (schema: Schema): readonly unknown[] | undefined => ('const' in schema ? [schema.const] : schema.enum)

const fieldsOf = (sub: Schema, sup: Schema, side: Side, where: string): readonly Break[] => {
  const [had, has] = [sub.properties ?? {}, sup.properties ?? {}]
  const needed = (sup.required ?? []).filter((name) => !sub.required?.includes(name))
  const unknown = Object.keys(had).filter((name) => !(name in has) && sup.additionalProperties === false)
  return [
    ...needed.map((name) => `${where}.${name}: ${side === 'request' ? 'is needed now' : 'may be missing'}`),
    ...(side === 'request' ? unknown.map((name) => `${where}.${name}: is not taken any more`) : []),
    ...Object.entries(has).flatMap(([name, one]) => {
      const other = had[name]
      if (other !== undefined) return gaps(other, one, side, `${where}.${name}`)
      return side === 'answer' && !needed.includes(name) ? [`${where}.${name}: is gone`] : []
    }),
  ]
}

/** Why not every value of `sub` is one of `sup`. */
const gaps = (sub: Schema, sup: Schema, side: Side, where: string): readonly Break[] => {
  if (Bun.deepEquals(sub, sup)) return []
  if (sub.anyOf || sup.anyOf) {
    const wider = sup.anyOf ?? [sup]
    const fits = (part: Schema) => wider.some((one) => gaps(part, one, side, where).length === 0)
    return (sub.anyOf ?? [sub]).every(fits) ? [] : [`${where}: takes other forms`]
  }
  const known = valuesOf(sup)
  const values = valuesOf(sub)
  if (known && values)
    return values
      .filter((value) => !known.includes(value))
      .map((value) => `${where}: ${JSON.stringify(value)} is ${side === 'request' ? 'not taken any more' : 'new'}`)
  const numbers = sub.type === 'integer' && sup.type === 'number'
  if (sup.type !== undefined && sub.type !== sup.type && !numbers)
    return [`${where}: is ${side === 'request' ? sup.type : sub.type} now`]
  if (known) return [`${where}: takes certain values only`]
  return [
    ...(side === 'request' ? limitsOf(sub, sup, where) : []),
    ...(sub.items && sup.items ? gaps(sub.items, sup.items, side, `${where}[]`) : []),
    ...fieldsOf(sub, sup, side, where),
  ]
}

const schemaOf = (content: Readonly<Record<string, { readonly schema?: Schema }>> | undefined): Schema =>
  Object.values(content ?? {})[0]?.schema ?? {}

/** Parameters as the fields of one object, which takes no others. */
const parametersOf = ({ parameters = [] }: Operation): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(parameters.map(({ name, schema = {} }) => [name, schema])),
  required: parameters.filter(({ required }) => required).map(({ name }) => name),
})

/** True when people of a role could call it before and cannot now. */
const shutsOut = (before = '', after = ''): boolean =>
  after !== 'signed-in' &&
  Object.keys(roles).some(
    (role) => (before === 'signed-in' || mayDo([role], before as Permission)) && !mayDo([role], after as Permission),
  )

const compare = (name: string, before: Operation, after: Operation): readonly Break[] => {
  const permission = shutsOut(before['x-people'], after['x-people']) ? [`${name}: is for ${after['x-people']} now`] : []
  const answers = Object.entries(before.responses ?? {}).filter(([status]) => status.startsWith('2'))
  return [
    ...permission,
    ...gaps(parametersOf(before), parametersOf(after), 'request', `${name} parameters`),
    ...(before.requestBody || after.requestBody
      ? gaps(schemaOf(before.requestBody?.content), schemaOf(after.requestBody?.content), 'request', `${name} body`)
      : []),
    ...answers.flatMap(([status, { content }]) => {
      const now = after.responses?.[status]
      if (now === undefined) return [`${name}: does not answer ${status} any more`]
      return gaps(schemaOf(now.content), schemaOf(content), 'answer', `${name} ${status}`)
    }),
  ]
}

/** What of `before` does not hold in `after`. New operations, optional fields and answers of more break nothing. */
export const findBreaks = (before: ApiDocument, after: ApiDocument): readonly Break[] => {
  const now = new Map(listOperations(after).map(([path, method, one]) => [`${method} ${path}`, one]))
  return listOperations(before).flatMap(([path, method, operation]) => {
    const name = `${method.toUpperCase()} ${path}`
    const next = now.get(`${method} ${path}`)
    return next === undefined ? [`${name}: is gone`] : compare(name, operation, next)
  })
}
