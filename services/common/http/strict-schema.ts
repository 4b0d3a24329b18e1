import type { TSchema } from '@sinclair/typebox'

type Node = TSchema & { readonly properties?: Record<string, TSchema> }

const each = (nodes: Readonly<Record<string, TSchema>>) =>
  Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, closed(node)]))

const isNode = (value: unknown): value is TSchema => typeof value === 'object' && value !== null

/** An object closes itself, unless it is a part of an intersection: that closes over all its parts. */
const close = (schema: Node, part: boolean): TSchema => ({
  ...schema,
  ...(schema.properties && { properties: each(schema.properties) }),
  ...(schema.properties && !part && !('additionalProperties' in schema) && { additionalProperties: false }),
  ...(isNode(schema['items']) && {
    items: Array.isArray(schema['items']) ? schema['items'].map(closed) : closed(schema['items']),
  }),
  ...(isNode(schema['patternProperties']) && {
    patternProperties: each(schema['patternProperties'] as unknown as Record<string, TSchema>),
  }),
  ...(Array.isArray(schema['anyOf']) && { anyOf: schema['anyOf'].map((one: Node) => close(one, part)) }),
  ...(Array.isArray(schema['allOf']) && {
    allOf: schema['allOf'].map((one: Node) => close(one, true)),
    ...(!part && !('unevaluatedProperties' in schema) && { unevaluatedProperties: false }),
  }),
})

/** A copy of a TypeBox schema in which every object, however deep, refuses fields it does not name. */
export const closed = (schema: TSchema): TSchema => close(schema, false)
